#include "experiment/stream.hpp"

#include <algorithm>

namespace bench {

Step Stream::decide(std::size_t input, const GroupPosition& group, bool contention,
                    const Counterfactual* counterfactual) {
  if (group.position == 0) group_elapsed_s_ = 0.0;
  Step step;
  step.input = input;
  step.group = group;
  step.contention = contention;
  step.deadline_s = alert::shared_deadline_s(static_cast<double>(group.size) * goal_.deadline_s,
                                             group_elapsed_s_, group.size - group.position);
  step.estimate = scheme_->estimate();
  step.decision = scheme_->decide({goal_, step.deadline_s, counterfactual});
  return step;
}

void Stream::conclude(Step& step, const Execution& execution) {
  const alert::Candidate& candidate = step.decision.candidate;
  const double overhead_s = step.overhead_s.value_or(0.0);
  step.outcome = outcome_of(execution, profile_.models[candidate.model], profile_.q_fail,
                            candidate.stage, std::max(0.0, step.deadline_s - overhead_s));
  step.outcome.period_s += overhead_s;
  learn(step);
}

void Stream::learn(const Step& step) {
  group_elapsed_s_ += step.outcome.period_s;
  tally_.add(goal_, step.outcome, scheme_->judged_accuracy(step.outcome));
  scheme_->observe(
      feedback_of(step.outcome, step.decision.candidate, step.overhead_s.value_or(0.0)));
}

}  // namespace bench
