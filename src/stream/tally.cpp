#include "stream/tally.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bench {
namespace {
constexpr double shortest_s = 1e-6;
const double log_bin_width = std::log(1.01);
}  // namespace

void LatencyHistogram::add(double latency_s) {
  const double bin = std::log(std::max(latency_s, shortest_s) / shortest_s) / log_bin_width;
  ++counts_[std::min(static_cast<std::size_t>(bin), bins_ - 1)];
  ++total_;
}

double LatencyHistogram::percentile_s(double share) const {
  const double rank = share * static_cast<double>(total_);
  double below = 0.0;
  for (std::size_t bin = 0; bin < bins_; ++bin) {
    below += counts_[bin];
    if (counts_[bin] > 0 && below >= rank)
      return shortest_s * std::exp((static_cast<double>(bin) + 0.5) * log_bin_width);
  }
  return 0.0;
}

void Verdict::add(const alert::Goal& goal, const Outcome& outcome, double judged_accuracy) {
  ++inputs_;
  if (!outcome.deadline_met()) ++misses_;
  if (judged_accuracy < goal.accuracy) ++below_goal_;
  if (outcome.energy_j) {
    ++energies_;
    energy_j_ += *outcome.energy_j;
  }
  accuracy_ += judged_accuracy;
}

std::optional<double> Verdict::mean_energy_j() const {
  if (energies_ == 0) return std::nullopt;
  return energy_j_ / static_cast<double>(energies_);
}

bool Verdict::violated(const alert::Goal& goal) const {
  if (inputs_ == 0 || miss_rate() > tolerances.miss_rate || !mean_energy_j()) return true;
  return goal.task == alert::Task::minimize_energy
             ? below_goal_rate() > tolerances.below_goal_rate
             : *mean_energy_j() > tolerances.energy_over_goal * goal.energy_j;
}

double Verdict::metric(alert::Task task) const {
  return task == alert::Task::minimize_energy
             ? mean_energy_j().value_or(std::numeric_limits<double>::max())
             : 1.0 - mean_accuracy();
}

void Tally::add(const alert::Goal& goal, const Outcome& outcome, double judged_accuracy) {
  verdict_.add(goal, outcome, judged_accuracy);
  histogram_.add(outcome.latency_s);
  latency_s_ += outcome.latency_s;
  overrun_s_ += outcome.overrun_s;
  correct_ += outcome.correct;
  if (outcome.energy_j) energy_squared_ += *outcome.energy_j * *outcome.energy_j;
}

std::optional<double> Tally::energy_ci95_j() const {
  const auto mean_j = verdict_.mean_energy_j();
  if (!mean_j) return std::nullopt;
  const auto energies = static_cast<double>(verdict_.inputs() - verdict_.energy_missing());
  const double variance = std::max(0.0, energy_squared_ / energies - *mean_j * *mean_j);
  return 1.96 * std::sqrt(variance / energies);
}

}  // namespace bench
