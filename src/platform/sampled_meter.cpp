#include "platform/sampled_meter.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>

#include "base/error.hpp"

namespace bench {
namespace {

constexpr double joule_per_uj = 1e-6;

}  // namespace

EnergyCounter::EnergyCounter(std::string name, std::uint64_t range_uj,
                             std::function<std::uint64_t()> read_uj)
    : name_(std::move(name)), range_uj_(range_uj), read_uj_(std::move(read_uj)) {}

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
  const double most_j = most_power_w * (seconds_between(*last_, now) + 0.1);
  if (value_uj > range_uj_ || step_j > most_j)
    throw MachineError(fmt::format(
        "{}: the energy counter went from {} to {} uJ (its range: {} uJ), which no machine uses in "
        "{:.3g} s; it was reset, by another program or by a suspend. What was recorded before "
        "holds; go on with --resume",
        name_, last_uj_, value_uj, range_uj_, seconds_between(*last_, now)));
  last_ = now;
  last_uj_ = value_uj;
  return step_j;
}

double PowerIntegral::advance_j(Clock::time_point now) {
  const double power_w = read_w_();
  const double energy_j = last_ ? 0.5 * (last_w_ + power_w) * seconds_between(*last_, now) : 0.0;
  last_ = now;
  last_w_ = power_w;
  return energy_j;
}

double longest_sample_interval_s(std::uint64_t range_uj) {
  // Half of what the greatest power takes; more than a second saves nothing.
  return std::min(1.0,
                  0.5 * joule_per_uj * static_cast<double>(range_uj) / EnergyCounter::most_power_w);
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
  for (const auto& gauge : gauges_) total_j_ += gauge->advance_j(now);
  return now;
}

void SampledMeter::sample(const std::stop_token& stop, double interval_s) {
  pthread_setname_np(pthread_self(), "meter-sampler");
  const auto interval = std::chrono::duration<double>(interval_s);
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
    try {
      advance();
    } catch (...) {
      failure_ = std::current_exception();
      return;
    }
  }
}

void SampledMeter::start(Activity) {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  begin_ = advance();
  total_at_start_j_ = total_j_;
}

EnergyReading SampledMeter::stop() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  const auto end = advance();
  return {.energy_j = total_j_ - total_at_start_j_, .duration_s = seconds_between(begin_, end)};
}

}  // namespace bench
