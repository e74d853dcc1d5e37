#include "platform/effect_check.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <thread>
#include <vector>

namespace bench {
namespace {

constexpr double shortest_load_s = 0.2;
constexpr double settling_s = 0.1;     // a limit holds as a mean over some milliseconds
constexpr double least_change = 0.05;  // of power or speed, beyond their noise

struct Observed {
  double power_w = 0.0;
  double speed = 0.0;
};

Observed observe(Limiter& limiter, Meter& meter, std::size_t cap, const Load& load) {
  const double interval_s = meter.info().update_interval_s.value_or(0.0);
  limiter.set_cap(cap);
  load(settling_s);
  meter.start(Activity::busy);
  const double speed = load(std::max(shortest_load_s, least_intervals * interval_s));
  const EnergyReading reading = meter.stop();
  if (!reading.energy_j)
    throw MachineError(
        fmt::format("whether the power caps have an effect cannot be seen: {}", reading.missing));
  return {*reading.power_w(), speed};
}

double thread_cpu_time_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Rounds of arithmetic per second of this thread's CPU time.
double work(Clock::time_point end) {
  std::array<double, 16> x{};
  double rounds = 0.0;
  const double begin_s = thread_cpu_time_s();
  do {
    for (int pass = 0; pass < 10'000; ++pass)
      for (double& value : x) value = value * 0.999 + 0.001;
    asm volatile("" : : "r"(x.data()) : "memory");
    rounds += 1.0;
  } while (Clock::now() < end);
  return rounds / (thread_cpu_time_s() - begin_s);
}

}  // namespace

double cpu_load(double duration_s) {
  const auto end =
      Clock::now() + std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(duration_s));
  std::vector<double> speeds(std::max(1U, std::thread::hardware_concurrency()));
  {
    std::vector<std::jthread> threads;
    for (double& speed : speeds) threads.emplace_back([&speed, end] { speed = work(end); });
  }
  return std::accumulate(speeds.begin(), speeds.end(), 0.0);
}

void check_effect(Limiter& limiter, Meter& meter, const Load& load) {
  const std::size_t highest = limiter.caps_w().size() - 1;
  if (highest == 0 || limiter.info().source == EnergySource::emulated) return;
  const Observed low = observe(limiter, meter, 0, load);
  const Observed high = observe(limiter, meter, highest, load);
  const bool measured = meter.info().source == EnergySource::measured;
  const auto fell = [](double from, double to) { return to < (1.0 - least_change) * from; };
  if (measured ? fell(high.power_w, low.power_w) : fell(high.speed, low.speed)) return;

  const double low_w = limiter.caps_w().front(), high_w = limiter.caps_w().back();
  const std::string found =
      measured ? fmt::format("power was {:.3g} W and {:.3g} W", low.power_w, high.power_w)
               : fmt::format("speed changed by {:+.1f} %", 100.0 * (high.speed / low.speed - 1.0));
  if (measured && high.power_w < low_w)
    throw MachineError(
        fmt::format("the power caps have no effect: at {} W and at {} W, {} under full load, which "
                    "is less than the lowest cap. Choose lower \"power_caps_w\"",
                    low_w, high_w, found));
  throw MachineError(fmt::format(
      "the power caps of the limiter \"{}\" have no effect: at {} W and at {} W, {} under full "
      "load. They read back as they were set, so something overrides them: another program "
      "(thermald, tuned, power-profiles-daemon, the vendor's fan control), the firmware (a locked "
      "limit, or one set through MMIO that this kernel does not show), or the hypervisor",
      limiter.info().name, low_w, high_w, found));
}

}  // namespace bench
