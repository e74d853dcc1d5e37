// caloree: feedback control with a time split between two configurations. After Imes, Kim, Maggio,
// Hoffmann, "POET: A Portable Approach to Minimizing Energy Under Soft Real-time Constraints", RTAS
// 2015, and Mishra, Imes, Lafferty, Hoffmann, "CALOREE: Learning Control for Predictable Latency
// and Low Energy", ASPLOS 2018. An integral controller asks for a speed (minimizing energy) or a
// power (maximizing accuracy); two neighbours on the convex hull of the profiled configurations
// share the inputs so that their mean is what it asks for. A configuration cannot change inside an
// inference, so the split is over inputs. The constants were tuned on the image suite.
#include <algorithm>
#include <cmath>

#include "schemes/factories.hpp"

namespace bench {
namespace {

constexpr double pole = 0.9;         // of the controller: 0 corrects an error at once
constexpr double target_load = 0.7;  // minimizing energy: latency aimed at, over the deadline
constexpr double most_load = 0.3;    // maximizing accuracy: the same, at most

class Caloree final : public Scheme {
 public:
  explicit Caloree(const alert::Profile& profile) : profile_(profile), filters_(profile) {}

  alert::Decision decide(const Input& input) override {
    goal_ = input.goal;
    deadline_s_ = input.deadline_s;
    if (!asked_) asked_ = setpoint();
    collect();
    const auto [below, above] = neighbours(*asked_);
    // Error diffusion: `above` takes its share of the inputs, evenly.
    const double span = above.gives - below.gives;
    owed_ = share_ + (span > 0.0 ? std::clamp((*asked_ - below.gives) / span, 0.0, 1.0) : 1.0);
    const Point& chosen = owed_ >= 1.0 ? above : below;
    const bool feasible = chosen.prediction.first_stage_s <= deadline_s_ &&
                          chosen.prediction.accuracy >= goal_.accuracy &&
                          chosen.prediction.energy_j <= goal_.energy_j;
    return {chosen.candidate, feasible, chosen.prediction, deadline_s_};
  }

  void observe(const alert::Feedback& feedback) override {
    filters_.observe(feedback);
    share_ = owed_ >= 1.0 ? owed_ - 1.0 : owed_;
    const double got = goal_.task == alert::Task::minimize_energy
                           ? deadline_s_ / feedback.finished_latency_s
                           : feedback.energy_j.value() / goal_.energy_j;
    asked_ =
        std::clamp(*asked_ + (1.0 - pole) * (setpoint() - got), 0.5 * setpoint(), 2.0 * setpoint());
  }
  std::optional<alert::Estimate> estimate() const override { return filters_.estimate(); }

 private:
  /// A configuration by what the controller asks for, and by what it costs.
  struct Point {
    alert::Candidate candidate;
    alert::Prediction prediction;
    double gives = 0.0;  // inferences per deadline, or energy over E_goal
    double costs = 0.0;  // energy, or error
  };

  bool minimizes_energy() const { return goal_.task == alert::Task::minimize_energy; }
  double setpoint() const { return minimizes_energy() ? 1.0 / target_load : 1.0; }

  /// The configurations that are accurate enough, or in time: all where there is none.
  void collect() {
    const alert::Estimate belief = filters_.estimate();
    const alert::Estimate mean{belief.xi_mean, 0.0, belief.idle_ratio};
    points_.clear();
    std::vector<Point> rest;
    for (std::size_t model = 0; model < profile_.models.size(); ++model)
      for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
        alert::StagePredictor predictor(profile_, model, cap, mean, deadline_s_);
        for (std::size_t stage = 1; stage <= profile_.models[model].stages(); ++stage) {
          const alert::Prediction prediction = predictor.next();
          const double accuracy = profile_.models[model].accuracy[stage - 1];
          const double load = prediction.latency_s / deadline_s_;
          const Point point{{model, stage, cap},
                            prediction,
                            minimizes_energy() ? 1.0 / load : prediction.energy_j / goal_.energy_j,
                            minimizes_energy() ? prediction.energy_j : 1.0 - accuracy};
          const bool fits = minimizes_energy() ? accuracy >= goal_.accuracy : load <= most_load;
          (fits ? points_ : rest).push_back(point);
        }
      }
    if (points_.empty()) points_ = rest;
  }

  struct Neighbours {
    Point below, above;
  };
  /// The two of least cost between which `asked` lies, mixed so that they give it on average. One
  /// alone will do where it is faster than asked (idling is a configuration too) or spends less.
  Neighbours neighbours(double asked) const {
    const Point* best_below = nullptr;
    const Point* best_above = nullptr;
    double least = INFINITY;
    const auto offer = [&](const Point& below, const Point& above, double cost) {
      if (cost >= least) return;
      least = cost;
      best_below = &below;
      best_above = &above;
    };
    for (const Point& point : points_) {
      if (minimizes_energy() ? point.gives >= asked : point.gives <= asked)
        offer(point, point, point.costs);
      if (point.gives > asked) continue;
      for (const Point& above : points_) {
        if (above.gives <= asked) continue;
        const double share = (asked - point.gives) / (above.gives - point.gives);
        offer(point, above, point.costs + share * (above.costs - point.costs));
      }
    }
    if (best_below) return {*best_below, *best_above};
    const auto nearest = *std::ranges::min_element(
        points_, {}, [&](const Point& point) { return std::abs(point.gives - asked); });
    return {nearest, nearest};
  }

  const alert::Profile& profile_;
  alert::Scheduler filters_;  // only for its filters; it decides nothing
  alert::Goal goal_;          // of the decision at hand
  double deadline_s_ = 0.0;
  std::optional<double> asked_;
  double share_ = 0.0, owed_ = 0.0;  // of an input that `above` is due: before and at this one
  std::vector<Point> points_;
};

}  // namespace

MakeScheme read_caloree(const JsonValue&) {
  return [](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<Caloree>(profile);
  };
}

}  // namespace bench
