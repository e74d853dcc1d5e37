// A meter over gauges of energy, read at both ends of a window and by a sampler in between, so that
// no counter wraps unseen and power is integrated at its own rate.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "platform/meter.hpp"

namespace bench {

/// One source of energy.
class EnergyGauge {
 public:
  virtual ~EnergyGauge() = default;
  /// Energy in J from the last call until `now`; the first call begins. Throws MachineError for a
  /// reading that fails or is not plausible; the next call measures from the last good one.
  virtual double advance_j(Clock::time_point now) = 0;
  /// Gives up what came since the last good reading: the next call begins anew.
  virtual void restart() = 0;
};

/// A counter in uJ that starts again at 0 after `range_uj`. A step that no machine makes (over
/// `most_power_w`) is an error: the counter was reset, or has wrapped unseen.
class EnergyCounter final : public EnergyGauge {
 public:
  static constexpr double most_machine_power_w = 10e3;

  EnergyCounter(std::string name, std::uint64_t range_uj, std::function<std::uint64_t()> read_uj,
                double most_power_w = most_machine_power_w);
  double advance_j(Clock::time_point now) override;
  void restart() override { last_.reset(); }

 private:
  std::string name_;
  std::uint64_t range_uj_;
  std::function<std::uint64_t()> read_uj_;
  double most_power_w_;
  std::uint64_t last_uj_ = 0;
  std::optional<Clock::time_point> last_;
};

/// Power is read no more often, however often it changes: 50 readings a second are well under 1 %
/// of a core. What is read counts as updated then.
inline constexpr double shortest_power_interval_s = 0.02;

/// Power in W, integrated by the trapezoidal rule between readings. A machine that reads its own
/// power draws some: 0 W or less is an error, and so is more than `most_power_w`.
class PowerIntegral final : public EnergyGauge {
 public:
  PowerIntegral(std::string name, std::function<double()> read_w, double most_power_w)
      : name_(std::move(name)), read_w_(std::move(read_w)), most_power_w_(most_power_w) {}
  double advance_j(Clock::time_point now) override;
  void restart() override { last_.reset(); }

 private:
  std::string name_;
  std::function<double()> read_w_;
  double most_power_w_;
  double last_w_ = 0.0;
  std::optional<Clock::time_point> last_;
};

/// How long the sampler may wait without a counter of this range wrapping unseen.
double longest_sample_interval_s(std::uint64_t range_uj);

/// Median time between changes of what `read` gives, by asking all the time; nothing where it
/// changes fewer than 3 times within `limit_s`.
struct UpdateInterval {
  double interval_s = 0.0;
  std::uint64_t least_step = 0;  ///< smallest change seen
};
std::optional<UpdateInterval> measure_update_interval(const std::function<std::uint64_t()>& read,
                                                      double limit_s);
/// The same from readings made at ascending times.
std::optional<UpdateInterval> update_interval(
    const std::vector<std::pair<double, std::uint64_t>>& changes);

/// The gauges' sum. start() and stop() read the gauges themselves and do not allocate where they
/// succeed; the sampler is a thread of its own. A gauge that fails is read again after a moment;
/// when it still fails, the window at hand has no energy.
class SampledMeter final : public Meter {
 public:
  static constexpr int most_tries = 3;              ///< of one reading
  static constexpr int most_missing_in_a_row = 20;  ///< windows; then the meter is broken

  SampledMeter(SourceInfo info, std::vector<std::unique_ptr<EnergyGauge>> gauges,
               double sample_interval_s);

  SourceInfo info() const override { return info_; }
  void start(Activity activity) override;
  EnergyReading stop() override;

 private:
  Clock::time_point advance();
  void advance(EnergyGauge& gauge, Clock::time_point now);
  void sample(const std::stop_token& stop, double interval_s);

  SourceInfo info_;
  std::vector<std::unique_ptr<EnergyGauge>> gauges_;
  std::mutex mutex_;  // guards gauges_, total_j_ and missing_
  std::condition_variable_any wake_;
  double total_j_ = 0.0;
  std::string missing_;  // why the window at hand has no energy
  int missing_in_a_row_ = 0;
  double total_at_start_j_ = 0.0;
  Clock::time_point begin_;
  std::jthread sampler_;  // last: it ends before what it uses
};

}  // namespace bench
