#include "platform/emulated.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace bench {

EmulatedLimiter::EmulatedLimiter(const PowerModel& parameters, std::vector<double> caps_w)
    : parameters_(parameters), caps_w_(std::move(caps_w)), cap_(caps_w_.size() - 1) {
  for (const double cap_w : caps_w_) stretch_.push_back(parameters_.stretch(cap_w));
}

SourceInfo EmulatedLimiter::info() const {
  return {.name = "emulated",
          .source = EnergySource::emulated,
          .update_interval_s = std::nullopt,
          .resolution = std::nullopt,
          .description = "stretches each compute segment to what it would take under the cap"};
}

void EmulatedLimiter::end_segment(Clock::time_point begin) {
  // Spinning, because a sleep ends too late by more than a small segment takes.
  const auto end =
      begin + std::chrono::ceil<Clock::duration>((Clock::now() - begin) * stretch_[cap_]);
  while (Clock::now() < end) {
  }
}

EmulatedMeter::EmulatedMeter(const PowerModel& parameters, const Limiter& limiter,
                             CoRunnerCpuTime corunner_cpu_time)
    : parameters_(parameters), limiter_(limiter), corunner_cpu_time_(std::move(corunner_cpu_time)) {
  for (const double cap_w : limiter.caps_w())
    busy_power_w_.push_back(parameters.busy_power_w(cap_w));
}

SourceInfo EmulatedMeter::info() const {
  return {.name = "emulated",
          .source = EnergySource::emulated,
          .update_interval_s = std::nullopt,
          .resolution = std::nullopt,
          .description = "real time and co-runner CPU time, times the power of a formula"};
}

void EmulatedMeter::start(Activity activity) {
  activity_ = activity;
  if (activity == Activity::idle) corunner_cpu_at_start_s_ = corunner_cpu_time_();
  begin_ = Clock::now();
}

EnergyReading EmulatedMeter::stop() {
  const double duration_s = seconds_between(begin_, Clock::now());
  const double power_w = activity_ == Activity::busy ? busy_power_w() : idle_power_w(duration_s);
  return {.energy_j = power_w * duration_s, .duration_s = duration_s, .missing = {}};
}

double EmulatedMeter::idle_power_w(double duration_s) const {
  const double corunner_cpu_s = corunner_cpu_time_() - corunner_cpu_at_start_s_;
  const double core_time_s = duration_s * static_cast<double>(parameters_.cores);
  const double share = corunner_cpu_s < core_time_s ? corunner_cpu_s / core_time_s : 1.0;
  return std::lerp(parameters_.idle_power_w, busy_power_w(), share);
}

}  // namespace bench
