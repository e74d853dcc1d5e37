#include "alert/shortlist.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include "alert/scheduler.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/plain_alert.hpp"
#include "support/profiles.hpp"

using namespace alert;

namespace {

std::vector<std::size_t> all_models(const Profile& profile) {
  std::vector<std::size_t> models(profile.models.size());
  std::iota(models.begin(), models.end(), std::size_t{0});
  return models;
}

/// A profile with ties: equal DNNs, equal caps, equal accuracies.
Profile profile_with_ties(test::Random& random) {
  Profile profile = test::random_profile(random);
  const auto chance = [&] { return test::uniform_count(random, 0, 3) == 0; };
  if (chance()) profile.models.push_back(profile.models.front());
  for (auto& model : profile.models) {
    for (std::size_t cap = 1; cap < profile.caps(); ++cap) {
      if (chance()) model.latency_s[cap] = model.latency_s[cap - 1];
      if (chance()) model.busy_power_w[cap] = model.busy_power_w[cap - 1];
    }
    if (chance()) model.accuracy.back() = profile.models.front().accuracy.front();
    if (chance()) model.accuracy.front() = profile.q_fail;
  }
  return profile;
}

/// From narrow beliefs, whose tails are far, to wide ones; at times none at all.
Estimate random_estimate(test::Random& random) {
  const double spread = std::pow(10.0, test::uniform(random, -7.0, 1.0));
  const double mean = std::pow(10.0, test::uniform(random, -1.0, 1.0));
  return {mean, test::uniform_count(random, 0, 19) == 0 ? 0.0 : std::pow(spread * mean, 2),
          test::uniform_count(random, 0, 9) == 0 ? 0.0 : test::uniform(random, 0.0, 1.5)};
}

/// Many of them at the very edge of what a candidate is expected to reach.
Goal random_goal(test::Random& random, const Profile& profile, const Estimate& estimate,
                 double deadline_s) {
  Goal goal;
  goal.task =
      test::uniform_count(random, 0, 1) == 0 ? Task::minimize_energy : Task::maximize_accuracy;
  goal.deadline_s = deadline_s;
  const std::size_t model = test::uniform_count(random, 0, profile.models.size() - 1);
  const auto edge = predict(profile,
                            {model, test::uniform_count(random, 1, profile.models[model].stages()),
                             test::uniform_count(random, 0, profile.caps() - 1)},
                            estimate, deadline_s);
  switch (test::uniform_count(random, 0, 3)) {
    case 0:
      goal.accuracy = edge.accuracy;
      goal.energy_j = edge.energy_j;
      break;
    case 1:
      goal.accuracy = profile.models[model].accuracy.back();
      break;
    default:
      goal.accuracy = test::uniform(random, 0.0, 1.0);
      goal.energy_j = test::uniform(random, 0.0, 2.0) * edge.energy_j;
  }
  if (test::uniform_count(random, 0, 3) == 0)
    goal.deadline_confidence = test::uniform_count(random, 0, 1) == 0
                                   ? edge.first_stage_in_time
                                   : test::uniform(random, 0.0, 1.0);
  if (test::uniform_count(random, 0, 1) == 0) goal.on_infeasible = OnInfeasible::energy;
  return goal;
}

double random_deadline_s(test::Random& random, const Profile& profile, const Estimate& estimate) {
  switch (test::uniform_count(random, 0, 9)) {
    case 0:
      return 0.0;
    case 1:  // the very mean of a candidate
      return estimate.xi_mean * profile.models.front().latency_s.front().front();
    default:
      return estimate.xi_mean * std::pow(10.0, test::uniform(random, -3.5, 0.0));
  }
}

Decision choose_of(Shortlist& shortlist, const Profile& profile, const Goal& goal,
                   double deadline_s, const Estimate& estimate) {
  Choice choice(shortlist.candidates());
  choice.begin(goal, deadline_s);
  for (const Candidate& candidate : shortlist.of(goal, deadline_s, estimate))
    choice.consider(candidate, predict(profile, candidate, estimate, deadline_s));
  return choice.best();
}

}  // namespace

TEST_CASE("a million random decisions are those of the plain transcription") {
  test::Random random(1);
  std::size_t feasible = 0;
  for (int world = 0; world < 20'000; ++world) {
    const Profile profile = profile_with_ties(random);
    Shortlist shortlist(profile, all_models(profile));
    for (int i = 0; i < 50; ++i) {
      const Estimate estimate = random_estimate(random);
      const double deadline_s = random_deadline_s(random, profile, estimate);
      const Goal goal = random_goal(random, profile, estimate, deadline_s);
      const Decision plain = test::plain_choice(profile, goal, deadline_s, estimate);
      const Decision quick = choose_of(shortlist, profile, goal, deadline_s, estimate);
      if (quick.candidate == plain.candidate && quick.feasible == plain.feasible) {
        feasible += plain.feasible ? 1 : 0;
        continue;
      }
      CAPTURE(world, i, static_cast<int>(goal.task), deadline_s, estimate.xi_mean,
              estimate.xi_variance, plain.candidate.model, quick.candidate.model);
      REQUIRE(quick.candidate == plain.candidate);
      REQUIRE(quick.feasible == plain.feasible);
    }
  }
  // The decisions tell something of both branches.
  CHECK(feasible > 200'000);
  CHECK(feasible < 800'000);
}

TEST_CASE("the shortlist follows a profile whose latencies change") {
  Profile profile = test::hand_made_profile();
  Shortlist shortlist(profile, all_models(profile));
  const Estimate estimate{1.0, 0.01, 0.1};
  const Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.85};
  const Candidate before = choose_of(shortlist, profile, goal, 0.1, estimate).candidate;
  for (auto& stages : profile.models[before.model].latency_s)
    for (double& latency_s : stages) latency_s *= 50.0;
  ++profile.revision;
  const Decision after = choose_of(shortlist, profile, goal, 0.1, estimate);
  CHECK(after.candidate != before);
  CHECK(after.candidate == test::plain_choice(profile, goal, 0.1, estimate).candidate);
}

TEST_CASE("a clear case comes down to a few candidates, and allocates nothing") {
  const Profile profile = test::hand_made_profile();
  Shortlist shortlist(profile, all_models(profile));
  const Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.65};
  const std::size_t before = test::allocations();
  const auto& picked = shortlist.of(goal, 0.1, {1.0, 0.01, 0.1});
  CHECK(test::allocations() == before);
  CHECK(picked == std::vector<Candidate>{{test::small, 1, 0}});
}
