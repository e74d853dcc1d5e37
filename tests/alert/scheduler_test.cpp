#include "alert/scheduler.hpp"

#include <algorithm>
#include <memory>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::Candidate;
using alert::Choice;
using alert::Decision;
using alert::Feedback;
using alert::Goal;
using alert::OnInfeasible;
using alert::Prediction;
using alert::Scheduler;
using alert::Task;
using test::any, test::large, test::small;

namespace {

/// In time under a deadline of 1 s, by either latency test.
Prediction in_time(double accuracy, double energy_j) {
  return {.accuracy = accuracy,
          .energy_j = energy_j,
          .latency_s = 0.5,
          .first_stage_s = 0.5,
          .first_stage_in_time = 0.99};
}

Prediction late(double accuracy, double energy_j) {
  return {.accuracy = accuracy,
          .energy_j = energy_j,
          .latency_s = 2.0,
          .first_stage_s = 2.0,
          .first_stage_in_time = 0.01};
}

struct Considered {
  Candidate candidate;
  Prediction prediction;
};

Decision choose(const Goal& goal, const std::vector<Considered>& all) {
  Choice choice(all.size());
  choice.begin(goal, goal.deadline_s);
  for (const auto& [candidate, prediction] : all) choice.consider(candidate, prediction);
  return choice.best();
}

constexpr Candidate A{0, 1, 0}, B{0, 1, 1}, C{0, 2, 0}, D{1, 1, 0};

const Goal least_energy{.task = Task::minimize_energy, .deadline_s = 1.0, .accuracy = 0.8};
const Goal most_accuracy{.task = Task::maximize_accuracy, .deadline_s = 1.0, .energy_j = 2.0};

}  // namespace

TEST_CASE("minimize-energy: least energy among those accurate enough") {
  const auto decision =
      choose(least_energy, {{A, in_time(0.79, 1.0)}, {B, in_time(0.8, 2.0)}, {C, in_time(0.9, 3)}});
  CHECK(decision.candidate == B);
  CHECK(decision.feasible);
  CHECK(decision.prediction.energy_j == 2.0);
  CHECK(decision.deadline_s == 1.0);
}

TEST_CASE("maximize-accuracy: most accuracy among those within the energy") {
  const auto decision = choose(
      most_accuracy, {{A, in_time(0.7, 1.0)}, {B, in_time(0.8, 2.0)}, {C, in_time(0.9, 2.01)}});
  CHECK(decision.candidate == B);
  CHECK(decision.feasible);
}

TEST_CASE("ties are judged by the next key, in whatever order they come") {
  std::vector<Considered> all{
      {A, in_time(0.9, 1.1)}, {B, in_time(0.9, 1.2)}, {C, in_time(0.9, 1.1)}, {D, late(0.9, 1.0)}};
  const auto by_candidate = [](const Considered& a, const Considered& b) {
    return a.candidate < b.candidate;
  };
  do {
    CHECK(choose(most_accuracy, all).candidate == A);
    CHECK(choose(least_energy, all).candidate == A);
  } while (std::ranges::next_permutation(all, by_candidate).found);
}

TEST_CASE("a candidate that fails the latency test is not feasible") {
  CHECK(choose(least_energy, {{A, late(0.9, 1.0)}, {B, in_time(0.9, 2.0)}}).candidate == B);
  CHECK(choose(most_accuracy, {{A, late(0.9, 1.0)}, {B, in_time(0.8, 2.0)}}).candidate == B);
}

TEST_CASE("latency test: by the mean, or by deadline_confidence where it is set") {
  // In time on average, but not surely; the other way about cannot be, but tells them apart.
  Prediction risky = in_time(0.9, 1.0);
  risky.first_stage_s = 1.0;
  risky.first_stage_in_time = 0.5;
  Prediction odd = in_time(0.9, 2.0);
  odd.first_stage_s = 1.001;
  odd.first_stage_in_time = 0.95;

  CHECK(choose(least_energy, {{A, risky}, {B, odd}}).candidate == A);
  Goal confident = least_energy;
  confident.deadline_confidence = 0.95;
  CHECK(choose(confident, {{A, risky}, {B, odd}}).candidate == B);
  confident.deadline_confidence = 0.951;
  CHECK_FALSE(choose(confident, {{A, risky}, {B, odd}}).feasible);
}

TEST_CASE("latency test: it looks at the first stage, not at the stop stage") {
  Prediction stopped_early = in_time(0.9, 1.0);
  stopped_early.latency_s = 2.0;
  CHECK(choose(least_energy, {{A, stopped_early}, {B, in_time(0.9, 2.0)}}).candidate == A);
}

TEST_CASE("ties of minimize-energy: accuracy, then model, stage, cap") {
  CHECK(choose(least_energy, {{A, in_time(0.85, 1)}, {D, in_time(0.9, 1)}}).candidate == D);
  // The order of consideration does not count.
  const Prediction same = in_time(0.9, 1.0);
  CHECK(choose(least_energy, {{D, same}, {C, same}}).candidate == C);
  CHECK(choose(least_energy, {{C, same}, {B, same}}).candidate == B);
  CHECK(choose(least_energy, {{B, same}, {A, same}}).candidate == A);
  CHECK(choose(least_energy, {{A, same}, {B, same}, {C, same}, {D, same}}).candidate == A);
}

TEST_CASE("ties of maximize-accuracy: energy, then model, stage, cap") {
  CHECK(choose(most_accuracy, {{A, in_time(0.9, 1.5)}, {D, in_time(0.9, 1)}}).candidate == D);
  const Prediction same = in_time(0.9, 1.0);
  CHECK(choose(most_accuracy, {{D, same}, {C, same}}).candidate == C);
  CHECK(choose(most_accuracy, {{C, same}, {B, same}}).candidate == B);
  CHECK(choose(most_accuracy, {{B, same}, {A, same}}).candidate == A);
}

TEST_CASE("none feasible: greatest accuracy, then least energy") {
  // Too inaccurate in time, accurate enough but late.
  auto decision = choose(least_energy, {{A, in_time(0.7, 1.0)}, {B, in_time(0.75, 3.0)}});
  CHECK(decision.candidate == B);
  CHECK_FALSE(decision.feasible);
  decision = choose(least_energy, {{A, in_time(0.75, 3.0)}, {B, in_time(0.75, 1.0)}});
  CHECK(decision.candidate == B);
  decision = choose(most_accuracy, {{A, in_time(0.7, 3.0)}, {B, in_time(0.75, 4.0)}});
  CHECK(decision.candidate == B);
  CHECK_FALSE(decision.feasible);
}

TEST_CASE("none feasible, on_infeasible energy: least energy among those in time") {
  for (Goal goal : {least_energy, most_accuracy}) {
    goal.on_infeasible = OnInfeasible::energy;
    const auto decision =
        choose(goal, {{A, late(0.1, 0.5)}, {B, in_time(0.7, 3.0)}, {C, in_time(0.75, 4.0)}});
    CHECK(decision.candidate == B);
    CHECK_FALSE(decision.feasible);
    // None in time either.
    CHECK(choose(goal, {{A, late(0.1, 0.5)}, {B, late(0.2, 3.0)}}).candidate == B);
  }
  // A feasible one comes first all the same.
  Goal goal = most_accuracy;
  goal.on_infeasible = OnInfeasible::energy;
  CHECK(choose(goal, {{A, in_time(0.5, 1.0)}, {B, in_time(0.7, 1.5)}}).candidate == B);
}

TEST_CASE("the scheduler starts from the paper's defaults and the profiled idle power") {
  const auto profile = test::hand_made_profile();
  const Scheduler scheduler(profile);
  CHECK(scheduler.estimate().xi_mean == 1.0);
  CHECK(scheduler.estimate().xi_variance == 0.1);
  CHECK(scheduler.estimate().idle_ratio == Approx(0.1));
}

TEST_CASE("phi_0 is taken at the default cap, over all models") {
  auto profile = test::hand_made_profile();
  profile.models[small].busy_power_w[2] = 20.0;
  profile.models[large].busy_power_w[2] = 40.0;
  CHECK(Scheduler(profile).estimate().idle_ratio == Approx(3.0 * 3 / (20 + 40 + 30)));
}

TEST_CASE("one observation informs every configuration") {
  const auto profile = test::hand_made_profile();
  Scheduler scheduler(profile);
  // Stage 2 of "any" at 20 W is profiled at 30 ms: r = 1.5, the first step of the filter's test.
  scheduler.observe({.candidate = {any, 3, 1},
                     .finished_stage = 2,
                     .finished_latency_s = 0.045,
                     .idle_power_w = 4.0,
                     .credited_accuracy = 0.8});
  CHECK(scheduler.estimate().xi_mean == Approx(1.4966887417).epsilon(1e-9));
  CHECK(scheduler.estimate().xi_variance == Approx(0.15).epsilon(1e-9));
  // The ratio is 4 W of the 20 W that the cap draws: 0.1 + 0.9099099099 * (0.2 - 0.1)
  CHECK(scheduler.estimate().idle_ratio == Approx(0.1909909910).epsilon(1e-9));
}

TEST_CASE("what was not measured does not move the filters") {
  const auto profile = test::hand_made_profile();
  Scheduler scheduler(profile);
  scheduler.observe({.candidate = {any, 1, 1}});
  CHECK(scheduler.estimate().xi_mean == 1.0);
  CHECK(scheduler.estimate().xi_variance == 0.1);
  CHECK(scheduler.estimate().idle_ratio == Approx(0.1));
}

TEST_CASE("the worst overhead so far is taken off the deadline") {
  const auto profile = test::hand_made_profile();
  const Goal goal{.deadline_s = 0.1, .accuracy = 0.5};
  Scheduler scheduler(profile);
  CHECK(scheduler.decide(goal, 0.1).deadline_s == 0.1);
  scheduler.observe({.candidate = {small, 1, 0}, .overhead_s = 0.003});
  scheduler.observe({.candidate = {small, 1, 0}, .overhead_s = 0.001});
  CHECK(scheduler.decide(goal, 0.1).deadline_s == Approx(0.097));
  CHECK(scheduler.decide(goal, 0.001).deadline_s == 0.0);
}

TEST_CASE("a lowered deadline counts in the choice") {
  const auto profile = test::hand_made_profile();
  // Without variance "large" at 20 W just fits into 50 ms.
  const Goal goal{.deadline_s = 0.05, .accuracy = 0.9};
  Scheduler scheduler(profile, {.use_variance = false});
  CHECK(scheduler.decide(goal, 0.05).candidate == Candidate{large, 1, 1});
  scheduler.observe({.candidate = {large, 1, 1}, .overhead_s = 0.0001});
  CHECK(scheduler.decide(goal, 0.05).candidate == Candidate{large, 1, 2});
}

TEST_CASE("without variance predictions are certain") {
  const auto profile = test::hand_made_profile();
  const Goal goal{.deadline_s = 0.1, .accuracy = 0.9};
  // "large" at 10 W takes 80 ms of 100.
  const auto decision = Scheduler(profile, {.use_variance = false}).decide(goal, 0.1);
  CHECK(decision.candidate == Candidate{large, 1, 0});
  CHECK(decision.prediction.accuracy == 0.9);
  // With it, no candidate is sure of 0.9.
  CHECK_FALSE(Scheduler(profile).decide(goal, 0.1).feasible);
}

TEST_CASE("the accuracy window raises the goal after a poor answer") {
  const auto profile = test::hand_made_profile();
  const Goal goal{.deadline_s = 1.0, .accuracy = 0.7};
  Scheduler scheduler(profile, {.accuracy_window = 2});
  CHECK(scheduler.decide(goal, 1.0).candidate == Candidate{small, 1, 0});
  scheduler.observe({.candidate = {small, 1, 0}, .credited_accuracy = 0.55});
  // 2 * 0.7 - 0.55 = 0.85
  CHECK(scheduler.decide(goal, 1.0).candidate == Candidate{large, 1, 0});

  Scheduler without(profile);
  without.observe({.candidate = {small, 1, 0}, .credited_accuracy = 0.55});
  CHECK(without.decide(goal, 1.0).candidate == Candidate{small, 1, 0});
}

TEST_CASE("only the given models are candidates") {
  const auto profile = test::hand_made_profile();
  const Goal goal{.deadline_s = 1.0, .accuracy = 0.5};
  CHECK(Scheduler(profile).decide(goal, 1.0).candidate.model == small);
  CHECK(Scheduler(profile, {}, {large}).decide(goal, 1.0).candidate == Candidate{large, 1, 0});
  CHECK(Scheduler(profile, {}, {any}).decide(goal, 1.0).candidate == Candidate{any, 1, 0});
}

TEST_CASE("decide() picks what a search over predict() picks, time and again") {
  test::Random random(2);
  for (int i = 0; i < 500; ++i) {
    const auto profile = test::random_profile(random);
    Scheduler scheduler(profile);
    scheduler.observe({.candidate = {0, 1, 0},
                       .finished_stage = 1,
                       .finished_latency_s = test::uniform(random, 0.001, 0.2),
                       .idle_power_w = test::uniform(random, 0.0, 5.0)});
    Goal goal;
    goal.task = i % 2 == 0 ? Task::minimize_energy : Task::maximize_accuracy;
    goal.accuracy = test::uniform(random, 0.0, 1.0);
    goal.energy_j = test::uniform(random, 0.0, 2.0);
    const double deadline_s = test::uniform(random, 0.0, 0.15);

    Choice choice(0);
    choice.begin(goal, deadline_s);
    for (std::size_t cap = profile.caps(); cap-- > 0;)
      for (std::size_t model = profile.models.size(); model-- > 0;)
        for (std::size_t stage = 1; stage <= profile.models[model].stages(); ++stage) {
          const Candidate candidate{model, stage, cap};
          choice.consider(candidate, predict(profile, candidate, scheduler.estimate(), deadline_s));
        }
    const auto decision = scheduler.decide(goal, deadline_s);
    CHECK(decision.candidate == choice.best().candidate);
    CHECK(decision.feasible == choice.best().feasible);
    CHECK(decision.candidate == scheduler.decide(goal, deadline_s).candidate);
  }
}

TEST_CASE("neither decide() nor observe() allocates") {
  const auto profile = test::hand_made_profile();
  const Goal goal{.deadline_s = 0.1, .accuracy = 0.85, .deadline_confidence = 0.9};
  Scheduler scheduler(profile, {.accuracy_window = 10});
  const Feedback feedback{.candidate = {any, 3, 1},
                          .finished_stage = 2,
                          .finished_latency_s = 0.045,
                          .idle_power_w = 4.0,
                          .credited_accuracy = 0.8,
                          .overhead_s = 1e-6};
  const std::size_t before = test::allocations();
  for (int i = 0; i < 100; ++i) {
    scheduler.decide(goal, 0.1);
    scheduler.observe(feedback);
  }
  const std::size_t after = test::allocations();
  CHECK(after == before);

  // The count is alive.
  const auto copy = std::make_unique<alert::Profile>(profile);
  CHECK(test::allocations() > after);
}
