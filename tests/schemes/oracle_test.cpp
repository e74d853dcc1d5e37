#include "schemes/regimes.hpp"
#include "support/catch.hpp"
#include "support/world.hpp"

using alert::Candidate;
using alert::Decision;
using alert::Goal;
using alert::OnInfeasible;
using alert::Task;
using bench::default_scheme;
using bench::Outcome;
using bench::Scheme;
using test::any, test::large, test::small;
using test::World;

namespace {

Decision decide(const std::string& name, const Goal& goal, const World& world) {
  const auto profile = test::hand_made_profile();
  return default_scheme(name).make(profile, {})->decide({goal, goal.deadline_s, &world});
}

Outcome play(const alert::Profile& profile, const World& world, const Candidate& candidate,
             double deadline_s) {
  return outcome_of(world.execution(candidate.model, candidate.cap),
                    profile.models[candidate.model], profile.q_fail, candidate.stage, deadline_s);
}

}  // namespace

// At xi = 1.5 and T = 100 ms: "large" takes 120, 75, 60 ms at 10, 20, 30 W; the stages of "any"
// 36, 72, 144 ms at 10 W and 22.5, 45, 90 ms at 20 W.
TEST_CASE("oracle, minimize-energy: least real energy of those really accurate enough in time") {
  const World world = test::slowed_world(test::hand_made_profile(), 1.5);
  // "large" at 20 W: 20 * 0.075 + 3 * 0.025 = 1.575 J; "any" to stage 3 at 20 W 1.83 J; "large" at
  // 30 W 1.92 J; at 10 W both are late.
  auto decision =
      decide("oracle", {.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.85}, world);
  CHECK(decision.candidate == Candidate{large, 1, 1});
  CHECK(decision.feasible);
  CHECK(decision.prediction.energy_j == Approx(1.575));
  CHECK(decision.prediction.accuracy == 0.9);
  CHECK(decision.prediction.latency_s == Approx(0.075));
  CHECK(decision.deadline_s == 0.1);
  // "any" to stage 2 at 10 W: 10 * 0.072 + 3 * 0.028 = 0.804 J
  decision =
      decide("oracle", {.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.8}, world);
  CHECK(decision.candidate == Candidate{any, 2, 0});
  CHECK(decision.prediction.energy_j == Approx(0.804));
}

TEST_CASE("oracle, maximize-accuracy: most accuracy of those really within the energy") {
  const World world = test::slowed_world(test::hand_made_profile(), 1.5);
  const auto with_energy = [&](double energy_j) {
    return decide("oracle",
                  {.task = Task::maximize_accuracy, .deadline_s = 0.1, .energy_j = energy_j}, world)
        .candidate;
  };
  CHECK(with_energy(1.6) == Candidate{large, 1, 1});
  CHECK(with_energy(1.0) == Candidate{any, 2, 0});
  // "small" at 10 W: 10 * 0.030 + 3 * 0.070 = 0.51 J; "any" to stage 1: 0.36 + 0.192 = 0.552 J
  CHECK(with_energy(0.55) == Candidate{small, 1, 0});
}

TEST_CASE("oracle-clairvoyant looks at the answers of this very input") {
  const auto profile = test::hand_made_profile();
  World world = test::slowed_world(profile, 1.5);
  for (auto& run : world.runs[small]) run.stage_correct = {1.0};
  const Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.85};
  CHECK(decide("oracle", goal, world).candidate == Candidate{large, 1, 1});
  CHECK(decide("oracle-clairvoyant", goal, world).candidate == Candidate{small, 1, 0});
  CHECK(decide("oracle-clairvoyant", goal, world).prediction.accuracy == 1.0);
}

TEST_CASE("only the clairvoyant is judged by the measured accuracy") {
  const auto profile = test::hand_made_profile();
  Outcome outcome;
  outcome.credited_accuracy = 0.9;
  outcome.correct = 0.5;
  for (const auto& name : bench::scheme_names())
    CHECK(default_scheme(name).make(profile, {})->judged_accuracy(outcome) ==
          (name == "oracle-clairvoyant" ? 0.5 : 0.9));
}

TEST_CASE("oracle-static plays what hindsight says, whatever comes") {
  const auto profile = test::hand_made_profile();
  const Candidate best{any, 2, 1};
  const auto scheme = default_scheme("oracle-static").make(profile, {best});
  const Goal goal{.deadline_s = 0.01, .accuracy = 0.9};
  CHECK(scheme->decide({goal, 0.01}).candidate == best);
  CHECK(scheme->decide({goal, 0.01}).feasible);
  scheme->observe({.candidate = best, .finished_stage = 1, .finished_latency_s = 1.0});
  CHECK(scheme->decide({goal, 0.005}).candidate == best);
  CHECK(scheme->decide({goal, 0.005}).deadline_s == 0.005);
}

// Every input on which any scheme keeps its goals, the oracle does at least as well; where no
// candidate does, it falls back by src/alert/README.md section 4.
TEST_CASE("nothing beats the oracles on an input on which it keeps its goals") {
  test::Random random(3);
  std::size_t kept = 0, infeasible = 0;
  for (int i = 0; i < 600; ++i) {
    const auto profile = test::random_profile(random);
    const World world = test::random_world(random, profile);
    Goal goal;
    goal.task = i % 2 == 0 ? Task::minimize_energy : Task::maximize_accuracy;
    goal.on_infeasible = i % 4 < 2 ? OnInfeasible::accuracy : OnInfeasible::energy;
    goal.deadline_s = test::uniform(random, 0.0, 0.12);
    goal.accuracy = test::uniform(random, 0.0, 1.0);
    goal.energy_j = test::uniform(random, 0.0, 2.0);

    std::vector<Candidate> candidates;
    for (std::size_t model = 0; model < profile.models.size(); ++model)
      for (std::size_t stage = 1; stage <= profile.models[model].stages(); ++stage)
        for (std::size_t cap = 0; cap < profile.caps(); ++cap)
          candidates.push_back({model, stage, cap});
    // What the schemes without foresight choose is some candidate; that they are deterministic is
    // seen on the way.
    for (const auto& name : bench::scheme_names()) {
      bench::Regimes regimes(profile);
      regimes.add(world);
      std::unique_ptr<Scheme> scheme;
      try {
        scheme = default_scheme(name).make(
            profile, {candidates[test::uniform_count(random, 0, candidates.size() - 1)], &regimes});
      } catch (const std::invalid_argument&) {
        continue;  // the profile lacks the kind
      }
      const bench::Input input{goal, goal.deadline_s, &world};
      const Candidate chosen = scheme->decide(input).candidate;
      CHECK(std::ranges::find(candidates, chosen) != candidates.end());
      CHECK(scheme->decide(input).candidate == chosen);
    }

    for (const std::string name : {"oracle", "oracle-clairvoyant"}) {
      const auto oracle = default_scheme(name).make(profile, {});
      const auto decision = oracle->decide({goal, goal.deadline_s, &world});
      const Outcome best = play(profile, world, decision.candidate, goal.deadline_s);
      const double best_accuracy = oracle->judged_accuracy(best);
      const auto keeps = [&](const Outcome& outcome) {
        return outcome.deadline_met() && (goal.task == Task::minimize_energy
                                              ? oracle->judged_accuracy(outcome) >= goal.accuracy
                                              : outcome.energy_j <= goal.energy_j);
      };
      bool any_keeps = false, any_in_time = false;
      for (const auto& candidate : candidates) {
        const Outcome outcome = play(profile, world, candidate, goal.deadline_s);
        any_in_time |= outcome.deadline_met();
        if (!keeps(outcome)) continue;
        any_keeps = true;
        if (goal.task == Task::minimize_energy)
          CHECK(best.energy_j <= outcome.energy_j);
        else
          CHECK(best_accuracy >= oracle->judged_accuracy(outcome));
      }
      CHECK(decision.feasible == any_keeps);
      CHECK(keeps(best) == any_keeps);
      (any_keeps ? kept : infeasible) += 1;
      if (any_keeps) continue;

      for (const auto& candidate : candidates) {
        const Outcome outcome = play(profile, world, candidate, goal.deadline_s);
        if (goal.on_infeasible == OnInfeasible::energy && any_in_time) {
          CHECK(best.deadline_met());
          if (outcome.deadline_met()) CHECK(best.energy_j <= outcome.energy_j);
        } else {
          const double accuracy = oracle->judged_accuracy(outcome);
          CHECK(best_accuracy >= accuracy);
          if (accuracy == best_accuracy) CHECK(best.energy_j <= outcome.energy_j);
        }
      }
    }
  }
  // Neither half of the property was tested on nothing.
  CHECK(kept > 300);
  CHECK(infeasible > 300);
}
