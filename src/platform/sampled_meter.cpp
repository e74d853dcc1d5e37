#include "platform/sampled_meter.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace bench {
namespace {

constexpr double joule_per_uj = 1e-6;

}  // namespace

EnergyCounter::EnergyCounter(std::string name, std::uint64_t range_uj,
                             std::function<std::uint64_t()> read_uj, double most_power_w)
    : name_(std::move(name)),
      range_uj_(range_uj),
      read_uj_(std::move(read_uj)),
      most_power_w_(most_power_w) {}

double EnergyCounter::advance_j(Clock::time_point now) {
  const std::uint64_t value_uj = read_uj_();
  if (!last_) {
    last_ = now;
    last_uj_ = value_uj;
    return 0.0;
  }
  const std::uint64_t step_uj =
      value_uj >= last_uj_ ? value_uj - last_uj_ : range_uj_ - last_uj_ + value_uj;
  const double step_j = joule_per_uj * static_cast<double>(step_uj);
  // 0.1 s more, because a counter that is updated late makes up for it in one step.
  const double most_j = most_power_w_ * (seconds_between(*last_, now) + 0.1);
  if (value_uj > range_uj_ || step_j > most_j)
    throw MachineError(fmt::format(
        "{}: the energy counter went from {} to {} uJ (its range: {} uJ), which no machine uses in "
        "{:.3g} s: it was reset, by another program or by a suspend",
        name_, last_uj_, value_uj, range_uj_, seconds_between(*last_, now)));
  last_ = now;
  last_uj_ = value_uj;
  return step_j;
}

double PowerIntegral::advance_j(Clock::time_point now) {
  const double power_w = read_w_();
  if (!(power_w > 0.0 && power_w <= most_power_w_))
    throw MachineError(fmt::format("{}: reads {:.10g} W, where up to {} W are plausible", name_,
                                   power_w, most_power_w_));
  const double energy_j = last_ ? 0.5 * (last_w_ + power_w) * seconds_between(*last_, now) : 0.0;
  last_ = now;
  last_w_ = power_w;
  return energy_j;
}

double longest_sample_interval_s(std::uint64_t range_uj) {
  // Half of what the greatest power takes; more than a second saves nothing.
  return std::min(1.0, 0.5 * joule_per_uj * static_cast<double>(range_uj) /
                           EnergyCounter::most_machine_power_w);
}

std::optional<UpdateInterval> update_interval(
    const std::vector<std::pair<double, std::uint64_t>>& changes) {
  if (changes.size() < 4) return std::nullopt;  // the first was under way: it has no beginning
  std::vector<double> gaps_s;
  std::vector<std::uint64_t> steps;
  for (std::size_t i = 1; i < changes.size(); ++i) {
    gaps_s.push_back(changes[i].first - changes[i - 1].first);
    const auto [low, high] = std::minmax(changes[i].second, changes[i - 1].second);
    steps.push_back(high - low);
  }
  const auto median = gaps_s.begin() + static_cast<std::ptrdiff_t>(gaps_s.size() / 2);
  std::ranges::nth_element(gaps_s, median);
  return UpdateInterval{*median, std::ranges::min(steps)};
}

std::optional<UpdateInterval> measure_update_interval(const std::function<std::uint64_t()>& read,
                                                      double limit_s) {
  constexpr std::size_t enough = 12;
  std::vector<std::pair<double, std::uint64_t>> changes;
  const auto begin = Clock::now();
  std::uint64_t last = read();
  for (double elapsed_s = 0.0; elapsed_s < limit_s && changes.size() < enough;) {
    const std::uint64_t value = read();
    elapsed_s = seconds_between(begin, Clock::now());
    if (value != last) changes.emplace_back(elapsed_s, value);
    last = value;
  }
  return update_interval(changes);
}

SampledMeter::SampledMeter(SourceInfo info, std::vector<std::unique_ptr<EnergyGauge>> gauges,
                           double sample_interval_s)
    : info_(std::move(info)), gauges_(std::move(gauges)), begin_(advance()) {
  if (!missing_.empty()) throw Unusable(missing_, "");
  // Signals are the main thread's: the sampler is started with all of them blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  sampler_ = std::jthread(
      [this, sample_interval_s](const std::stop_token& stop) { sample(stop, sample_interval_s); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Clock::time_point SampledMeter::advance() {
  const auto now = Clock::now();
  for (const auto& gauge : gauges_) advance(*gauge, now);
  return now;
}

void SampledMeter::advance(EnergyGauge& gauge, Clock::time_point now) {
  for (int tries = 1;; ++tries) {
    try {
      total_j_ += gauge.advance_j(now);
      return;
    } catch (const std::exception& error) {
      if (tries == most_tries) {
        missing_ = error.what();
        gauge.restart();
        return;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    now = Clock::now();
  }
}

void SampledMeter::sample(const std::stop_token& stop, double interval_s) {
  pthread_setname_np(pthread_self(), "meter-sampler");
  const auto interval = std::chrono::duration<double>(interval_s);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) advance();
}

void SampledMeter::start(Activity) {
  const std::lock_guard lock(mutex_);
  missing_.clear();
  begin_ = advance();
  total_at_start_j_ = total_j_;
}

EnergyReading SampledMeter::stop() {
  const std::lock_guard lock(mutex_);
  const auto end = advance();
  EnergyReading reading{total_j_ - total_at_start_j_, seconds_between(begin_, end), {}};
  // A shorter window may lie between two updates.
  const double longest_empty_s = least_intervals * info_.update_interval_s.value_or(INFINITY);
  if (missing_.empty() && *reading.energy_j <= 0.0 && reading.duration_s >= longest_empty_s)
    missing_ = fmt::format("the meter \"{}\" counted no energy in {:.3g} s", info_.name,
                           reading.duration_s);
  if (missing_.empty()) {
    missing_in_a_row_ = 0;
    return reading;
  }
  if (++missing_in_a_row_ >= most_missing_in_a_row)
    throw MachineError(
        fmt::format("{}; {} measurements in a row have failed. What was measured is on disk: when "
                    "the meter works again, go on with --resume",
                    missing_, missing_in_a_row_));
  reading.energy_j.reset();
  reading.missing = missing_;
  return reading;
}

}  // namespace bench
