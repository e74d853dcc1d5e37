#include "alert/plus_rule.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace alert {
namespace {

// In tolerated miss rates: what the price steers for, and what no candidate chosen may exceed.
constexpr double aimed = 0.7, most_missed = 2.0, most_late = 0.8;
constexpr double payback_inputs = 30.0;  // over which the account is spent

}  // namespace

PlusRule::PlusRule(const Profile& profile, const PlusSettings& settings) : settings_(settings) {
  std::size_t candidates = 0;
  for (const ModelProfile& model : profile.models) {
    candidates += model.stages() * profile.caps();
    greatest_power_w_ = std::max(greatest_power_w_, std::ranges::max(model.busy_power_w));
  }
  options_.reserve(candidates);
}

void PlusRule::begin(const Goal& goal, double deadline_s) noexcept {
  goal_ = goal;
  deadline_s_ = deadline_s;
  options_.clear();
}

void PlusRule::consider(const Candidate& candidate, const Prediction& prediction,
                        double kept) noexcept {
  options_.push_back({candidate, prediction, 1.0 - kept});
}

Decision PlusRule::best() const noexcept {
  const Option* option =
      goal_.task == Task::minimize_energy ? least_priced() : most_accurate_for_its_energy();
  const bool feasible =
      option && (goal_.task == Task::minimize_energy || option->prediction.energy_j <= budget_j());
  if (!option) option = &fallback();
  return {option->candidate, feasible, option->prediction, deadline_s_};
}

/// The first in the order of `key` among the options that are `allowed`.
template <typename Options, typename Allowed, typename Key>
auto* first(const Options& options, Allowed allowed, Key key) {
  typename Options::const_pointer best = nullptr;
  for (const auto& option : options)
    if (allowed(option) && (!best || key(option) < key(*best))) best = &option;
  return best;
}

const PlusRule::Option* PlusRule::least_priced() const noexcept {
  const double price_j =
      settings_.parts.miss_price ? lambda_ * greatest_power_w_ * goal_.deadline_s : 0.0;
  const double limit = goal_.deadline_confidence ? 1.0 - *goal_.deadline_confidence
                                                 : most_missed * settings_.tolerated_miss_rate;
  return first(
      options_,
      [&](const Option& o) {
        return settings_.parts.miss_price
                   ? o.miss <= limit
                   : o.prediction.accuracy >= goal_.accuracy && in_time(o, most_missed);
      },
      [&](const Option& o) {
        return std::tuple(o.prediction.energy_j + price_j * o.miss, -o.prediction.accuracy,
                          o.candidate);
      });
}

bool PlusRule::in_time(const Option& option, double limit) const noexcept {
  const double late = 1.0 - option.prediction.first_stage_in_time;
  return late <= (goal_.deadline_confidence ? 1.0 - *goal_.deadline_confidence
                                            : limit * settings_.tolerated_miss_rate);
}

const PlusRule::Option* PlusRule::most_accurate_for_its_energy() const noexcept {
  const auto allowed = [&](const Option& o) { return in_time(o, most_late); };
  const Option* at = first(options_, allowed, [](const Option& o) {
    return std::tuple(o.prediction.energy_j, -o.prediction.accuracy, o.candidate);
  });
  // Up the convex hull: from each vertex the next is that of the steepest rise.
  while (at) {
    const Option* next = nullptr;
    double next_rise = 0.0, next_cost_j = 0.0;
    for (const Option& o : options_) {
      const double rise = o.prediction.accuracy - at->prediction.accuracy;
      const double cost_j = o.prediction.energy_j - at->prediction.energy_j;
      if (rise <= 0.0 || !allowed(o)) continue;
      const double steeper = rise * next_cost_j - next_rise * cost_j;
      if (!next || steeper > 0.0 || (steeper == 0.0 && cost_j < next_cost_j)) {
        next = &o;
        next_rise = rise;
        next_cost_j = cost_j;
      }
    }
    if (!next || next->prediction.energy_j > budget_j()) break;
    at = next;
  }
  return at;
}

const PlusRule::Option& PlusRule::fallback() const noexcept {
  const bool energy = goal_.task == Task::minimize_energy;
  if (goal_.on_infeasible == OnInfeasible::energy) {
    const Option* cheapest = first(
        options_, [&](const Option& o) { return in_time(o, energy ? most_missed : most_late); },
        [](const Option& o) {
          return std::tuple(o.prediction.energy_j, -o.prediction.accuracy, o.candidate);
        });
    if (cheapest) return *cheapest;
  }
  return *first(
      options_, [](const Option&) { return true; },
      [&](const Option& o) {
        return std::tuple(energy ? o.miss : 0.0, -o.prediction.accuracy, o.prediction.energy_j,
                          o.candidate);
      });
}

double PlusRule::budget_j() const noexcept { return goal_.energy_j + account_j_ / payback_inputs; }

void PlusRule::observe(const Feedback& feedback) noexcept {
  if (goal_.task == Task::minimize_energy) {
    if (!settings_.parts.price_ascent) return;
    const bool missed = !feedback.deadline_met || feedback.credited_accuracy < goal_.accuracy;
    const double excess = (missed ? 1.0 : 0.0) - aimed * settings_.tolerated_miss_rate;
    lambda_ = std::clamp(lambda_ * std::exp(0.2 * excess), 0.5, 20.0);
  } else if (settings_.parts.energy_account && feedback.energy_j && std::isfinite(goal_.energy_j)) {
    if (settings_.energy_window > 0)
      account_j_ *= 1.0 - 1.0 / static_cast<double>(settings_.energy_window);
    account_j_ += goal_.energy_j - *feedback.energy_j;
  }
}

}  // namespace alert
