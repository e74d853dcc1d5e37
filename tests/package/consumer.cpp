// An application that embeds the scheduler.
#include <alert/scheduler.hpp>

int main() {
  const alert::Profile profile{
      .q_fail = 0.1,
      .power_caps_w = {10.0, 20.0},
      .idle_power_w = 2.0,
      .models = {{.name = "resnet",
                  .kind = alert::ModelKind::traditional,
                  .accuracy = {0.9},
                  .latency_s = {{0.020}, {0.010}},
                  .busy_power_w = {10.0, 20.0}}},
  };
  if (!fault(profile).empty()) return 1;
  const alert::Goal goal{.deadline_s = 0.1, .accuracy = 0.8};
  alert::Scheduler scheduler(profile);
  const alert::Decision decision = scheduler.decide(goal, goal.deadline_s);
  scheduler.observe({decision.candidate, 1, 0.021, 2.0, 0.9, 1e-6});
  // Half the power for twice the time, and less time to idle.
  return decision.feasible && decision.candidate == alert::Candidate{0, 1, 0} ? 0 : 1;
}
