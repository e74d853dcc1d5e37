// oracle-regime: what can be attained without foresight. It knows from the trace what every
// candidate does on average in the present regime, all inputs but the one at hand, and how often it
// misses; it chooses by alert-plus's rule. The oracle beside it picks, of all candidates, the one
// with the luckiest noise on each input, which no scheme can foresee.
#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>

#include "alert/plus_rule.hpp"
#include "schemes/factories.hpp"
#include "schemes/regimes.hpp"

namespace bench {

void Regimes::add(const Counterfactual& input) {
  Regime& regime = regimes_[input.in_contention()];
  ++regime.inputs;
  for (std::size_t model = 0; model < profile_.models.size(); ++model)
    for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
      const Execution execution = input.execution(model, cap);
      Runs& runs = regime.runs[model * profile_.caps() + cap];
      runs.stage_latency_s.insert(runs.stage_latency_s.end(), execution.stage_latency_s.begin(),
                                  execution.stage_latency_s.end());
      runs.busy_energy_j.push_back(execution.busy_energy_j);
      runs.idle_power_w.push_back(execution.idle_power_w);
    }
}

Execution Regimes::execution(bool contention, std::size_t input, std::size_t model,
                             std::size_t cap) const {
  const Runs& runs = regimes_[contention].runs[model * profile_.caps() + cap];
  const auto& accuracy = profile_.models[model].accuracy;
  const std::span ends_s(runs.stage_latency_s);
  return {ends_s.subspan(input * accuracy.size(), accuracy.size()), accuracy,
          runs.busy_energy_j[input], runs.idle_power_w[input]};
}

namespace {

/// Sums over one candidate's outcomes.
struct Sums {
  double accuracy = 0.0, energy_j = 0.0, busy_s = 0.0;
  double energies = 0.0;             // of how many outcomes the energy was measured
  double in_time = 0.0, kept = 0.0;  // how many were, how many kept the accuracy goal too

  void add(double credited, std::optional<double> energy, double busy, bool answered, double goal,
           double weight) {
    accuracy += weight * credited;
    if (energy) {
      energy_j += weight * *energy;
      energies += weight;
    }
    busy_s += weight * busy;
    if (answered) in_time += weight;
    if (answered && credited >= goal) kept += weight;
  }
};

class OracleRegime final : public Scheme {
 public:
  OracleRegime(const alert::Profile& profile, const Regimes* regimes,
               const alert::PlusSettings& settings)
      : profile_(profile), uncaught_(profile), regimes_(regimes), rule_(profile, settings) {}

  alert::Decision decide(const Input& input) override {
    assert(regimes_ && input.counterfactual);
    const bool contention = input.counterfactual->in_contention();
    const auto& all = known(contention, input);
    const double inputs = static_cast<double>(regimes_->inputs(contention));
    rule_.begin(input.goal, input.deadline_s);
    std::size_t candidate = 0;
    for (std::size_t model = 0; model < profile_.models.size(); ++model)
      for (std::size_t cap = 0; cap < profile_.caps(); ++cap) {
        const Execution own = input.counterfactual->execution(model, cap);
        for (std::size_t stage = 1; stage <= profile_.models[model].stages(); ++stage) {
          Sums sums = all[candidate++];
          if (inputs > 1.0) {
            const Outcome outcome =
                outcome_of(own, profile_.models[model], profile_.q_fail, stage, input.deadline_s);
            sums.add(outcome.credited_accuracy, outcome.energy_j, outcome.busy_s,
                     outcome.deadline_met(), input.goal.accuracy, -1.0);
          }
          consider({model, stage, cap}, sums, std::max(1.0, inputs - 1.0));
        }
      }
    return rule_.best();
  }
  void observe(const alert::Feedback& feedback) override { rule_.observe(feedback); }

 private:
  /// What was summed up over a regime: by which deadline, and for which latencies to catch up.
  struct Known {
    double deadline_s = -1.0;
    std::vector<std::vector<std::vector<double>>> latency_s;  // [model]
    std::vector<Sums> sums;
  };

  const std::vector<Sums>& known(bool contention, const Input& input) {
    Known& known = known_[contention];
    const auto same_latencies = [&] {
      for (std::size_t i = 0; i < profile_.models.size(); ++i)
        if (known.latency_s[i] != profile_.models[i].latency_s) return false;
      return true;
    };
    if (known.deadline_s == input.deadline_s && same_latencies()) return known.sums;
    known = {input.deadline_s, {}, {}};
    for (std::size_t model = 0; model < profile_.models.size(); ++model) {
      known.latency_s.push_back(profile_.models[model].latency_s);
      for (std::size_t cap = 0; cap < profile_.caps(); ++cap)
        sum_up(contention, input, model, cap, known.sums);
    }
    return known.sums;
  }

  /// outcome_of() for all stop stages at once, over a regime: what takes this scheme's time.
  void sum_up(bool contention, const Input& input, std::size_t model, std::size_t cap,
              std::vector<Sums>& sums) const {
    const auto& profiled_s = uncaught_.models[model].latency_s[cap];
    const auto& caught_up_s = profile_.models[model].latency_s[cap];
    const auto& accuracy = profile_.models[model].accuracy;
    const std::size_t first = sums.size();
    sums.resize(first + accuracy.size());
    for (std::size_t i = 0; i < regimes_->inputs(contention); ++i) {
      const Execution execution = regimes_->execution(contention, i, model, cap);
      const double whole_s = execution.stage_latency_s.back();
      const double power_w = execution.busy_energy_j.value_or(0.0) / whole_s;
      const double slowdown = whole_s / profiled_s.back();
      double credited = profile_.q_fail, end_s = 0.0;
      bool goes_on = true, answered = false;
      for (std::size_t k = 0; k < accuracy.size(); ++k) {
        if (goes_on) {
          end_s = execution.stage_latency_s[k] + slowdown * (caught_up_s[k] - profiled_s[k]);
          goes_on = end_s <= input.deadline_s;
          if (goes_on) credited = accuracy[k];
          answered = answered || goes_on;
        }
        const double idle_s = std::max(0.0, input.deadline_s - end_s);
        std::optional<double> energy_j;
        if (execution.busy_energy_j && (execution.idle_power_w || idle_s <= 0.0))
          energy_j = power_w * end_s + execution.idle_power_w.value_or(0.0) * idle_s;
        sums[first + k].add(credited, energy_j, end_s, answered, input.goal.accuracy, 1.0);
      }
    }
  }

  void consider(const alert::Candidate& candidate, const Sums& sums, double inputs) {
    alert::Prediction prediction;
    prediction.accuracy = sums.accuracy / inputs;
    prediction.energy_j = sums.energies > 0.0 ? sums.energy_j / sums.energies : INFINITY;
    prediction.latency_s = prediction.first_stage_s = sums.busy_s / inputs;
    prediction.first_stage_in_time = sums.in_time / inputs;
    rule_.consider(candidate, prediction, sums.kept / inputs);
  }

  const alert::Profile& profile_;  // with what the stream's models have to catch up on
  const alert::Profile uncaught_;  // without, as the trace was recorded
  const Regimes* regimes_;
  alert::PlusRule rule_;
  std::array<Known, 2> known_;  // [contention]
};

}  // namespace

MakeScheme read_oracle_regime(const JsonValue& value) {
  return [settings = read_plus(value)](const alert::Profile& profile, const Hindsight& hindsight) {
    return std::make_unique<OracleRegime>(profile, hindsight.regimes, settings);
  };
}

}  // namespace bench
