// How alert-plus chooses: it prices misses, and spends energy from an account (src/alert/README.md
// sections 7.3 and 7.4). Apart from the estimate, so that whoever knows more can choose by the same
// rule.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "alert/scheduler.hpp"

namespace alert {

/// What alert-plus is made of beside ALERT; a study takes one part away to see what it is worth.
struct PlusParts {
  bool profiled_spread = true;     ///< noise from the profile's spreads; else 6 % everywhere
  bool clipped_innovation = true;  ///< a single inference moves the level by 3 sigma at most
  bool learned_noise = true;       ///< kappa^2 and the share of outliers follow what is seen
  bool miss_price = true;          ///< misses cost; else q_hat >= Q_goal, as in ALERT
  bool price_ascent = true;        ///< the price follows the misses; else it stays 1
  bool energy_account = true;      ///< what an input leaves of E_goal is spent later
};

/// What alert-plus is to hold: goals of the user's, not constants to tune.
struct PlusSettings {
  /// Share of the inputs that may be late or, minimizing energy, credited with less than Q_goal; in
  /// (0, 0.5]. It aims at 70 % of that, which leaves room for chance.
  double tolerated_miss_rate = 0.10;
  /// Maximizing accuracy, E_goal is to hold as a mean over about so many inputs: what one leaves or
  /// overdraws fades at this pace. 0: over the whole stream.
  std::size_t energy_window = 100;
  PlusParts parts = {};
};

class PlusRule {
 public:
  PlusRule(const Profile& profile, const PlusSettings& settings);

  /// Begins a decision by the effective deadline. Neither this nor what follows allocates or
  /// throws.
  void begin(const Goal& goal, double deadline_s) noexcept;
  /// `kept`: P[an answer that is accurate enough comes in time].
  void consider(const Candidate& candidate, const Prediction& prediction, double kept) noexcept;
  /// The best candidate considered. At least one must have been.
  Decision best() const noexcept;

  /// What came of it: moves the price of a miss and the energy account.
  void observe(const Feedback& feedback) noexcept;

 private:
  struct Option {
    Candidate candidate;
    Prediction prediction;
    double miss;  // f
  };
  const Option* least_priced() const noexcept;
  const Option* most_accurate_for_its_energy() const noexcept;
  const Option& fallback() const noexcept;
  bool in_time(const Option& option, double most_late) const noexcept;
  double budget_j() const noexcept;

  PlusSettings settings_;
  double greatest_power_w_ = 0.0;  // P_max
  double lambda_ = 1.0;            // price of a miss, in periods at P_max
  double account_j_ = 0.0;         // A: what past inputs left of E_goal
  Goal goal_;                      // of the decision at hand
  double deadline_s_ = 0.0;
  std::vector<Option> options_;
};

}  // namespace alert
