#include <cassert>
#include <limits>

#include "schemes/factories.hpp"

namespace bench {
namespace {

/// Plays the candidate that is best over the whole stream, chosen with hindsight.
class OracleStatic final : public Scheme {
 public:
  explicit OracleStatic(const alert::Profile& profile, const alert::Candidate& best)
      : profile_(profile), best_(best) {}

  alert::Decision decide(const Input& input) override {
    alert::Decision decision;
    decision.candidate = best_;
    decision.feasible = true;
    decision.prediction = predict(profile_, best_, {1.0, 0.0, 0.0}, input.deadline_s);
    decision.deadline_s = input.deadline_s;
    return decision;
  }
  void observe(const alert::Feedback&) override {}

 private:
  const alert::Profile& profile_;
  alert::Candidate best_;
};

enum class Foresight { latency_and_energy, answers_too };

/// Chooses per input by src/alert/README.md section 4, from what every candidate really does on it.
class Oracle final : public Scheme {
 public:
  Oracle(const alert::Profile& profile, Foresight foresight)
      : profile_(profile), foresight_(foresight), choice_(0) {}

  alert::Decision decide(const Input& input) override {
    assert(input.counterfactual != nullptr);
    // The real outcome passes the latency test exactly when it is in time.
    alert::Goal goal = input.goal;
    goal.deadline_confidence = 1.0;
    choice_.begin(goal, input.deadline_s);
    for (std::size_t model = 0; model < profile_.models.size(); ++model) {
      for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
        const Execution execution = input.counterfactual->execution(model, cap);
        for (std::size_t stage = 1; stage <= profile_.models[model].stages(); ++stage) {
          const Outcome outcome = outcome_of(execution, profile_.models[model], profile_.q_fail,
                                             stage, input.deadline_s);
          choice_.consider({model, stage, cap}, certain(outcome));
        }
      }
    }
    return choice_.best();
  }
  void observe(const alert::Feedback&) override {}

  double judged_accuracy(const Outcome& outcome) const override {
    return foresight_ == Foresight::answers_too ? outcome.correct : outcome.credited_accuracy;
  }

 private:
  alert::Prediction certain(const Outcome& outcome) const {
    alert::Prediction prediction;
    prediction.accuracy = judged_accuracy(outcome);
    // What was not measured is no choice that could be called good.
    prediction.energy_j = outcome.energy_j.value_or(std::numeric_limits<double>::infinity());
    prediction.latency_s = outcome.latency_s;
    prediction.first_stage_s = outcome.latency_s;
    prediction.first_stage_in_time = outcome.deadline_met() ? 1.0 : 0.0;
    return prediction;
  }

  const alert::Profile& profile_;
  Foresight foresight_;
  alert::Choice choice_;
};

}  // namespace

MakeScheme read_oracle_static(const JsonValue&) {
  return [](const alert::Profile& profile, const Hindsight& hindsight) {
    return std::make_unique<OracleStatic>(profile, hindsight.best);
  };
}

MakeScheme read_oracle(const JsonValue&) {
  return [](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<Oracle>(profile, Foresight::latency_and_energy);
  };
}

MakeScheme read_oracle_clairvoyant(const JsonValue&) {
  return [](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<Oracle>(profile, Foresight::answers_too);
  };
}

}  // namespace bench
