#include "alert/shortlist.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "alert/order.hpp"

namespace alert {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Phi from a table, by straight lines: off by less than step^2 / 8 * max |Phi''| = 1.9e-6. Beyond
/// the table's ends by less than 1e-9.
class NormalTable {
 public:
  static constexpr double end = 6.0, steps_per_unit = 128.0;
  static constexpr double margin = 2e-6;

  NormalTable() {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const double z = static_cast<double>(i) / steps_per_unit - end;
      values_[i] = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    }
  }
  double operator()(double z) const {
    const double place = (std::max(-end, std::min(end, z)) + end) * steps_per_unit;
    const int i = static_cast<int>(place);
    const double* at = values_.data() + i;
    return at[0] + (place - i) * (at[1] - at[0]);
  }

 private:
  std::array<double, static_cast<std::size_t>(2 * end * steps_per_unit) + 2> values_;
};

// By value: references keep compilers from making vectors of the loops below.
inline double lesser(double a, double b) { return a < b ? a : b; }
inline double greater(double a, double b) { return a > b ? a : b; }

/// By which energies and times may be off, relatively: rounding, and what a compiler contracts.
constexpr double rounding = 1e-12;

/// The table cannot follow a spread that is smaller than this, relative to the mean.
constexpr double least_spread = 1e-5;

}  // namespace

Shortlist::Shortlist(const Profile& profile, const std::vector<std::size_t>& models)
    : profile_(profile), revision_(profile.revision) {
  for (const std::size_t i : models) {
    const ModelProfile& model = profile.models[i];
    const std::size_t first = candidates_.size();
    double before = profile.q_fail, weight = 0.0;
    for (std::size_t stage = 1; stage <= model.stages(); ++stage) {
      const double gain = model.accuracy[stage - 1] - before;
      before = model.accuracy[stage - 1];
      weight += std::abs(gain);
      for (std::size_t cap = 0; cap < profile.caps(); ++cap) {
        candidates_.push_back({i, stage, cap});
        first_.push_back(first + cap);
        busy_power_w_.push_back(model.busy_power_w[cap]);
        base_.push_back(stage == 1 ? profile.q_fail : 0.0);
        gain_.push_back(gain);
      }
    }
    accuracy_margin_ = std::max(accuracy_margin_, weight * NormalTable::margin + rounding);
  }
  for (auto* values : {&rate_, &t_K_, &t_1_, &in_time_, &accuracy_, &energy_j_})
    values->resize(candidates());
  picked_.reserve(candidates());
  read_latencies();
}

void Shortlist::read_latencies() noexcept {
  for (std::size_t c = 0; c < candidates(); ++c) {
    const auto& [model, stage, cap] = candidates_[c];
    const auto& latency_s = profile_.models[model].latency_s[cap];
    t_K_[c] = latency_s[stage - 1];
    t_1_[c] = latency_s.front();
    rate_[c] = 1.0 / t_K_[c];
  }
  revision_ = profile_.revision;
}

const std::vector<Candidate>& Shortlist::of(const Goal& goal, double deadline_s,
                                            const Estimate& estimate) noexcept {
  const double spread = std::sqrt(std::max(0.0, estimate.xi_variance));
  if (!(estimate.xi_mean > 0.0 && spread >= least_spread * estimate.xi_mean &&
        std::isfinite(deadline_s)))
    return candidates_;
  if (revision_ != profile_.revision) read_latencies();
  predict_nearly(deadline_s, estimate);
  picked_.clear();
  pick(goal, deadline_s, estimate);
  return picked_;
}

/// README.md section 3. The loop has no branch, so that compilers can make vectors of it.
void Shortlist::predict_nearly(double deadline_s, const Estimate& estimate) noexcept {
  static const NormalTable normal;
  const double mean = estimate.xi_mean, idle_ratio = estimate.idle_ratio;
  const double per_sigma = 1.0 / std::sqrt(estimate.xi_variance);
  const double scale = deadline_s * per_sigma, shift = mean * per_sigma;
  const std::size_t n = candidates();
  const double *rate = rate_.data(), *t_K = t_K_.data(), *t_1 = t_1_.data();
  const double *power_w = busy_power_w_.data(), *base = base_.data(), *gain = gain_.data();
  double *in_time = in_time_.data(), *accuracy = accuracy_.data(), *energy_j = energy_j_.data();
  for (std::size_t c = 0; c < n; ++c) {
    in_time[c] = normal(scale * rate[c] - shift);
    accuracy[c] = base[c] + gain[c] * in_time[c];
  }
  for (std::size_t c = 0; c < n; ++c) {
    // max(T, mu * t_1) is no bound on a traditional DNN, whose t_1 is t_K.
    const double busy_s = lesser(mean * t_K[c], greater(deadline_s, mean * t_1[c]));
    energy_j[c] = power_w[c] * (busy_s + idle_ratio * greater(0.0, deadline_s - busy_s));
  }
  for (std::size_t c = 0; c < n; ++c)
    if (first_[c] != c) accuracy[c] += accuracy[c - profile_.caps()];
}

/// README.md section 4, with room for how far the predictions may be off.
void Shortlist::pick(const Goal& goal, double deadline_s, const Estimate& estimate) noexcept {
  // Whether a candidate passes with so much room in its disfavour (> 0) or favour (< 0).
  const auto by_mean = [late_s = deadline_s / estimate.xi_mean, t_1 = t_1_.data()](std::size_t c,
                                                                                   double room) {
    return t_1[c] <= late_s * (1.0 - room * rounding);
  };
  const auto by_confidence = [this, confidence = goal.deadline_confidence.value_or(0.0)](
                                 std::size_t c, double room) {
    return in_time_[first_[c]] >= confidence + room * NormalTable::margin;
  };
  const auto accurate = [wanted = goal.accuracy, margin = accuracy_margin_,
                         accuracy = accuracy_.data()](std::size_t c, double room) {
    return accuracy[c] >= wanted + room * margin;
  };
  const auto thrifty = [allowed_j = goal.energy_j, energy_j = energy_j_.data()](std::size_t c,
                                                                                double room) {
    return energy_j[c] <= allowed_j * (1.0 - room * rounding);
  };
  const bool save = goal.on_infeasible == OnInfeasible::energy;
  if (goal.task == Task::minimize_energy) {
    if (goal.deadline_confidence)
      pick_by<true>(by_confidence, accurate, save);
    else
      pick_by<true>(by_mean, accurate, save);
  } else {
    if (goal.deadline_confidence)
      pick_by<false>(by_confidence, thrifty, save);
    else
      pick_by<false>(by_mean, thrifty, save);
  }
}

template <bool by_energy, typename InTime, typename KeepsGoal>
void Shortlist::pick_by(InTime in_time, KeepsGoal keeps_goal, bool save) noexcept {
  const std::size_t n = candidates();
  const double *accuracy = accuracy_.data(), *energy_j = energy_j_.data();
  double least_j = infinity, most = -infinity;  // of those that surely are feasible
  for (std::size_t c = 0; c < n; ++c) {
    const bool feasible = in_time(c, 1.0) & keeps_goal(c, 1.0);
    if constexpr (by_energy)
      least_j = std::min(least_j, feasible ? energy_j[c] : infinity);
    else
      most = std::max(most, feasible ? accuracy[c] : -infinity);
  }
  const double energy_room = 1.0 + 4.0 * rounding + tie;
  const double accuracy_room = 2.0 * accuracy_margin_ + tie;
  const double limit_j = least_j * energy_room, limit = most - accuracy_room;
  for (std::size_t c = 0; c < n; ++c) {
    const bool best = by_energy ? energy_j[c] <= limit_j : accuracy[c] >= limit;
    if (best && in_time(c, -1.0) && keeps_goal(c, -1.0)) picked_.push_back(candidates_[c]);
  }
  if (least_j < infinity || most > -infinity) return;

  // Perhaps none is feasible: section 4's ways out of it.
  picked_.clear();
  for (std::size_t c = 0; c < n; ++c) {
    most = std::max(most, accuracy[c]);
    if (in_time(c, 1.0)) least_j = std::min(least_j, energy_j[c]);
  }
  for (std::size_t c = 0; c < n; ++c) {
    const bool possible = in_time(c, -1.0);
    if ((possible && keeps_goal(c, -1.0)) || accuracy[c] >= most - accuracy_room ||
        (save && possible && energy_j[c] <= least_j * energy_room))
      picked_.push_back(candidates_[c]);
  }
}

}  // namespace alert
