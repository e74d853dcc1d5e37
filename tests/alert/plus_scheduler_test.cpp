#include "alert/plus_scheduler.hpp"

#include <cmath>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::Candidate;
using alert::Feedback;
using alert::Goal;
using alert::PlusScheduler;
using alert::Task;
using test::any, test::large, test::small;

// T = 100 ms at the start: P[large done at 20 W, 50 ms] = 0.99, at 10 W (80 ms) = 0.92.
TEST_CASE("alert-plus, minimize-energy: the cheapest that is sure enough") {
  const auto profile = test::hand_made_profile();
  PlusScheduler plus(profile);
  const Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.85};
  const auto decision = plus.decide(goal, 0.1);
  CHECK(decision.candidate == Candidate{large, 1, 0});
  CHECK(decision.feasible);
  CHECK(decision.deadline_s == 0.1);
  CHECK(plus.decide(goal, 0.05).candidate == Candidate{large, 1, 2});
}

TEST_CASE("alert-plus follows the machine") {
  const auto profile = test::hand_made_profile();
  PlusScheduler plus(profile);
  const Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.65};
  CHECK(plus.decide(goal, 0.1).candidate == Candidate{small, 1, 0});
  for (int i = 0; i < 10; ++i)
    plus.observe({.candidate = {small, 1, 2},
                  .finished_stage = 1,
                  .finished_latency_s = 0.06,
                  .idle_power_w = 16.5,
                  .credited_accuracy = 0.7});
  CHECK(plus.estimate().xi_mean == Approx(6.0).epsilon(0.02));
  CHECK(plus.estimate().idle_ratio == Approx(16.5 / 30.0).epsilon(0.01));
  CHECK(plus.decide(goal, 0.1).candidate.cap > 0);
}

TEST_CASE("alert-plus plans for its worst overhead") {
  const auto profile = test::hand_made_profile();
  PlusScheduler plus(profile);
  plus.observe({.candidate = {small, 1, 2}, .overhead_s = 0.01});
  CHECK(plus.decide({.deadline_s = 0.1}, 0.1).deadline_s == Approx(0.09));
}

TEST_CASE("alert-plus on random profiles: a candidate, finite predictions, the same again") {
  test::Random random(5);
  for (int i = 0; i < 300; ++i) {
    const auto profile = test::random_profile(random);
    PlusScheduler plus(profile), twin(profile);
    Goal goal;
    goal.task = i % 2 == 0 ? Task::minimize_energy : Task::maximize_accuracy;
    goal.deadline_s = test::uniform(random, 0.0, 0.12);
    goal.accuracy = test::uniform(random, 0.0, 1.0);
    goal.energy_j = test::uniform(random, 0.0, 2.0);
    for (int input = 0; input < 20; ++input) {
      const auto decision = plus.decide(goal, goal.deadline_s);
      const auto& [model, stage, cap] = decision.candidate;
      REQUIRE(model < profile.models.size());
      REQUIRE((stage >= 1 && stage <= profile.models[model].stages()));
      REQUIRE(cap < profile.caps());
      CHECK(twin.decide(goal, goal.deadline_s).candidate == decision.candidate);
      CHECK(std::isfinite(decision.prediction.energy_j));
      CHECK((decision.prediction.accuracy >= 0.0 && decision.prediction.accuracy <= 1.0));
      const Feedback feedback{.candidate = decision.candidate,
                              .finished_stage = stage,
                              .finished_latency_s = test::uniform(random, 1e-4, 1.0),
                              .credited_accuracy = test::uniform(random, 0.0, 1.0),
                              .energy_j = test::uniform(random, 0.0, 3.0)};
      plus.observe(feedback);
      twin.observe(feedback);
    }
  }
}

TEST_CASE("neither decide() nor observe() of alert-plus allocates") {
  const auto profile = test::hand_made_profile();
  PlusScheduler plus(profile);
  Goal goal{.deadline_s = 0.1, .accuracy = 0.85, .energy_j = 2.0};
  const Feedback feedback{.candidate = {any, 3, 1},
                          .finished_stage = 2,
                          .finished_latency_s = 0.045,
                          .idle_power_w = 4.0,
                          .credited_accuracy = 0.8,
                          .overhead_s = 1e-6,
                          .energy_j = 1.0};
  static_assert(noexcept(plus.decide(goal, 0.1))&& noexcept(plus.observe(feedback)));
  const std::size_t before = test::allocations();
  for (int i = 0; i < 100; ++i) {
    goal.task = i % 2 == 0 ? Task::minimize_energy : Task::maximize_accuracy;
    plus.decide(goal, 0.1);
    plus.observe(feedback);
  }
  CHECK(test::allocations() == before);
}
