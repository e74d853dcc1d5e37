// A limiter and a meter that need no privilege and no counters: the limiter spins to slow a segment
// down, the meter takes real time and real CPU time and gives the power of the formula.
#pragma once

#include <memory>
#include <vector>

#include "platform/limiter.hpp"
#include "platform/meter.hpp"
#include "platform/power_model.hpp"

namespace bench {

class EmulatedLimiter final : public Limiter {
 public:
  EmulatedLimiter(const PowerModel& parameters, std::vector<double> caps_w);

  SourceInfo info() const override;
  const std::vector<double>& caps_w() const override { return caps_w_; }
  std::size_t cap() const override { return cap_; }
  void set_cap(std::size_t cap) override { cap_ = cap; }
  void end_segment(Clock::time_point begin) override;

 private:
  PowerModel parameters_;
  std::vector<double> caps_w_;
  std::vector<double> stretch_;  // [cap]
  std::size_t cap_;
};

/// Charges a busy window with the formula's busy power at the limiter's current cap. An idle window
/// is charged with the idle power, and with the part of what busy power adds to it that the
/// co-runners' CPU time is of all the cores' time.
class EmulatedMeter final : public Meter {
 public:
  /// `limiter` must outlive the meter.
  EmulatedMeter(const PowerModel& parameters, const Limiter& limiter,
                CoRunnerCpuTime corunner_cpu_time);

  SourceInfo info() const override;
  void start(Activity activity) override;
  EnergyReading stop() override;

 private:
  double idle_power_w(double duration_s) const;

  double busy_power_w() const { return busy_power_w_[limiter_.cap()]; }

  PowerModel parameters_;
  const Limiter& limiter_;
  std::vector<double> busy_power_w_;  // [cap]
  CoRunnerCpuTime corunner_cpu_time_;
  Activity activity_ = Activity::idle;
  double corunner_cpu_at_start_s_ = 0.0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace bench
