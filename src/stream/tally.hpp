// Counts one stream's outcomes in constant memory, and judges them (src/alert/README.md section 6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "alert/goal.hpp"
#include "schemes/outcome.hpp"

namespace bench {

/// Latencies in logarithmic bins of 1 %, from 1 us to 1000 s: percentiles to within 0.5 %, however
/// long the stream.
class LatencyHistogram {
 public:
  void add(double latency_s);
  /// The latency that `share` of the inputs stay within; 0 where there is none.
  double percentile_s(double share) const;

 private:
  static constexpr std::size_t bins_ = 2084;
  std::array<std::uint32_t, bins_> counts_{};
  std::uint64_t total_ = 0;
};

/// What a stream may miss of its goals and still keep its setting.
struct Tolerances {
  double miss_rate = 0.10;         ///< share of inputs after the deadline
  double below_goal_rate = 0.10;   ///< share of inputs credited with less than Q_goal
  double energy_over_goal = 1.01;  ///< mean energy over E_goal
};
inline constexpr Tolerances tolerances;

/// What the verdict on a stream needs.
class Verdict {
 public:
  void add(const alert::Goal& goal, const Outcome& outcome, double judged_accuracy);

  std::size_t inputs() const { return inputs_; }
  /// Over the inputs whose energy was measured; nothing where there is none.
  std::optional<double> mean_energy_j() const;
  std::size_t energy_missing() const { return inputs_ - energies_; }
  double mean_accuracy() const { return mean(accuracy_); }
  double miss_rate() const { return mean(static_cast<double>(misses_)); }
  double below_goal_rate() const { return mean(static_cast<double>(below_goal_)); }

  /// More than `tolerances` allow; or nothing to judge by, because every input was lost or no
  /// energy was measured.
  bool violated(const alert::Goal& goal) const;
  /// The task's metric, less is better: mean energy in J, or mean error.
  double metric(alert::Task task) const;

 private:
  double mean(double sum) const { return inputs_ > 0 ? sum / static_cast<double>(inputs_) : 0.0; }

  std::size_t inputs_ = 0, misses_ = 0, below_goal_ = 0, energies_ = 0;
  double energy_j_ = 0.0, accuracy_ = 0.0;
};

/// The verdict, and all else that the summary says of a stream.
class Tally {
 public:
  void add(const alert::Goal& goal, const Outcome& outcome, double judged_accuracy);
  /// Counts an input that was lost; no mean or rate includes it.
  void lose() { ++lost_; }

  const Verdict& verdict() const { return verdict_; }
  std::size_t lost() const { return lost_; }
  double mean_latency_s() const { return latency_s_ / inputs(); }
  double latency_percentile_s(double share) const { return histogram_.percentile_s(share); }
  double mean_overrun_s() const { return overrun_s_ / inputs(); }
  double mean_correct() const { return correct_ / inputs(); }
  /// Half the width of the mean energy's 95 % confidence interval, inputs taken as independent;
  /// nothing where there is no mean.
  std::optional<double> energy_ci95_j() const;

 private:
  double inputs() const { return static_cast<double>(verdict_.inputs()); }

  Verdict verdict_;
  LatencyHistogram histogram_;
  std::size_t lost_ = 0;
  double latency_s_ = 0.0, overrun_s_ = 0.0, correct_ = 0.0, energy_squared_ = 0.0;
};

}  // namespace bench
