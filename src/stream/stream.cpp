#include "stream/stream.hpp"

#include <algorithm>

namespace bench {
namespace {

/// The counterfactual as it is for a stream whose models may have words to catch up on.
class CaughtUp final : public Counterfactual {
 public:
  CaughtUp(const Counterfactual& recorded, const CatchUp& catch_up)
      : recorded_(recorded), catch_up_(catch_up) {}

  Execution execution(std::size_t model, std::size_t cap) const override {
    return catch_up_.replayed(recorded_.execution(model, cap), model, cap);
  }
  bool in_contention() const override { return recorded_.in_contention(); }

 private:
  const Counterfactual& recorded_;
  const CatchUp& catch_up_;
};

}  // namespace

Step Stream::decide(std::size_t input, const GroupPosition& group, bool contention,
                    const Counterfactual* counterfactual) {
  if (group.position == 0) group_elapsed_s_ = 0.0;
  catch_up_.begin_input(group.position);
  Step step;
  step.input = input;
  step.group = group;
  step.contention = contention;
  step.deadline_s = alert::shared_deadline_s(static_cast<double>(group.size) * goal_.deadline_s,
                                             group_elapsed_s_, group.size - group.position);
  step.estimate = scheme_->estimate();
  if (counterfactual) {
    const CaughtUp caught_up(*counterfactual, catch_up_);
    step.decision = scheme_->decide({goal_, step.deadline_s, &caught_up});
  } else {
    step.decision = scheme_->decide({goal_, step.deadline_s});
  }
  return step;
}

void Stream::conclude(Step& step, const Execution& execution) {
  const alert::Candidate& candidate = step.decision.candidate;
  const alert::Profile& profile = catch_up_.profile();
  const double overhead_s = step.overhead_s.value_or(0.0);
  step.outcome = outcome_of(execution, profile.models[candidate.model], profile.q_fail,
                            candidate.stage, std::max(0.0, step.deadline_s - overhead_s));
  const auto ran = execution.stage_latency_s.first(step.outcome.finished_stage);
  step.stage_latency_s.assign(ran.begin(), ran.end());
  step.outcome.period_s += overhead_s;
  catch_up_.ran(candidate.model, step.outcome.finished_stage);
  learn(step);
}

void Stream::conclude(Step& step, const Counterfactual& recorded) {
  const alert::Candidate& candidate = step.decision.candidate;
  conclude(step, CaughtUp(recorded, catch_up_).execution(candidate.model, candidate.cap));
}

void Stream::learn(const Step& step) {
  group_elapsed_s_ += step.outcome.period_s;
  tally_.add(goal_, step.outcome, scheme_->judged_accuracy(step.outcome));
  scheme_->observe(
      feedback_of(step.outcome, step.decision.candidate, step.overhead_s.value_or(0.0)));
}

Step Stream::lose(std::size_t input, const GroupPosition& group, bool contention,
                  std::string reason) {
  if (group.position == 0) group_elapsed_s_ = 0.0;
  catch_up_.begin_input(group.position);
  tally_.lose();
  Step step;
  step.input = input;
  step.group = group;
  step.contention = contention;
  step.lost = std::move(reason);
  return step;
}

}  // namespace bench
