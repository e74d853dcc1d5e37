// linucb: a contextual bandit in ALERT's place. After Li, Chu, Langford, Schapire, "A
// Contextual-Bandit Approach to Personalized News Article Recommendation", WWW 2010 (algorithm 1,
// with one linear model for all arms). The arms are ALERT's candidates; a candidate's features are
// what ALERT predicts of it; the reward is the task's metric, less a price for a broken goal. The
// constants were tuned on the image suite.
#include <algorithm>
#include <array>
#include <cmath>

#include "schemes/factories.hpp"

namespace bench {
namespace {

constexpr std::size_t dimensions = 5;
using Features = std::array<double, dimensions>;

constexpr double ridge = 0.1;        // weight of the prior, in observations
constexpr double exploration = 0.2;  // alpha: width of the confidence bound
constexpr double miss_price = 0.5;   // of a late or too inaccurate answer, in periods at full power
constexpr double excess_price = 0.1;  // of energy over E_goal, as a share of it

double dot(const Features& a, const Features& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < dimensions; ++i) sum += a[i] * b[i];
  return sum;
}

/// Ridge regression of the reward on the features, one observation at a time.
class Regression {
 public:
  Regression() {
    for (std::size_t i = 0; i < dimensions; ++i) inverse_[i][i] = 1.0 / ridge;
  }
  double upper_bound(const Features& x) const {
    return dot(theta_, x) + exploration * std::sqrt(dot(x, times_inverse(x)));
  }
  void learn(const Features& x, double reward) {  // Sherman and Morrison
    const Features v = times_inverse(x);
    const double scale = 1.0 / (1.0 + dot(x, v));
    for (std::size_t i = 0; i < dimensions; ++i) {
      for (std::size_t j = 0; j < dimensions; ++j) inverse_[i][j] -= scale * v[i] * v[j];
      b_[i] += reward * x[i];
    }
    theta_ = times_inverse(b_);
  }

 private:
  Features times_inverse(const Features& x) const {
    Features product{};
    for (std::size_t i = 0; i < dimensions; ++i) product[i] = dot(inverse_[i], x);
    return product;
  }

  std::array<Features, dimensions> inverse_{};
  Features b_{}, theta_{};
};

class LinUcb final : public Scheme {
 public:
  explicit LinUcb(const alert::Profile& profile) : profile_(profile), filters_(profile) {
    for (const auto& model : profile.models)
      greatest_power_w_ = std::max(greatest_power_w_, std::ranges::max(model.busy_power_w));
  }

  alert::Decision decide(const Input& input) override {
    const alert::Estimate belief = filters_.estimate();
    goal_ = input.goal;
    alert::Decision best;
    best.deadline_s = input.deadline_s;
    double best_bound = -INFINITY;
    for (std::size_t model = 0; model < profile_.models.size(); ++model)
      for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
        alert::StagePredictor predictor(profile_, model, cap, belief, input.deadline_s);
        for (std::size_t stage = 1; stage <= profile_.models[model].stages(); ++stage) {
          const alert::Prediction prediction = predictor.next();
          const Features x = features({model, stage, cap}, prediction, belief, input.deadline_s);
          const double bound = regression_.upper_bound(x);
          if (bound <= best_bound) continue;
          best_bound = bound;
          best.candidate = {model, stage, cap};
          best.prediction = prediction;
          chosen_ = x;
        }
      }
    best.feasible =
        best.prediction.accuracy >= goal_.accuracy && best.prediction.energy_j <= goal_.energy_j;
    return best;
  }

  void observe(const alert::Feedback& feedback) override {
    regression_.learn(chosen_, reward(feedback));
    filters_.observe(feedback);
  }
  std::optional<alert::Estimate> estimate() const override { return filters_.estimate(); }

 private:
  double full_period_j() const { return greatest_power_w_ * goal_.deadline_s; }

  Features features(const alert::Candidate& candidate, const alert::Prediction& prediction,
                    const alert::Estimate& belief, double deadline_s) const {
    const auto& [model, stage, cap] = candidate;
    const auto& accuracy = profile_.models[model].accuracy;
    double kept = 0.0;  // P[an answer that is accurate enough comes in time]
    for (std::size_t k = 0; k < stage && kept == 0.0; ++k)
      if (accuracy[k] >= goal_.accuracy)
        kept = slowdown_cdf(deadline_s / profile_.models[model].latency_s[cap][k], belief);
    return {1.0, prediction.energy_j / full_period_j(), kept, prediction.accuracy,
            std::max(0.0, prediction.energy_j / goal_.energy_j - 1.0)};
  }

  double reward(const alert::Feedback& feedback) const {
    const double missed =
        !feedback.deadline_met || feedback.credited_accuracy < goal_.accuracy ? miss_price : 0.0;
    if (goal_.task == alert::Task::minimize_energy)
      return -feedback.energy_j.value() / full_period_j() - missed;
    const double excess = std::max(0.0, feedback.energy_j.value() / goal_.energy_j - 1.0);
    return feedback.credited_accuracy - excess_price * excess;
  }

  const alert::Profile& profile_;
  alert::Scheduler filters_;  // only for its filters; it decides nothing
  double greatest_power_w_ = 0.0;
  Regression regression_;
  alert::Goal goal_;   // of the decision at hand
  Features chosen_{};  // of the candidate it chose
};

}  // namespace

MakeScheme read_linucb(const JsonValue&) {
  return [](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<LinUcb>(profile);
  };
}

}  // namespace bench
