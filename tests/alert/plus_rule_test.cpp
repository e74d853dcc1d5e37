#include "alert/plus_rule.hpp"

#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::Candidate;
using alert::Decision;
using alert::Goal;
using alert::OnInfeasible;
using alert::PlusRule;
using alert::PlusSettings;
using alert::Prediction;
using alert::Task;

namespace {

constexpr Candidate A{0, 1, 0}, B{0, 1, 1}, C{1, 1, 0}, D{2, 1, 0};

// P_max is the hand-made profile's 30 W: a miss costs lambda * 30 W * 0.1 s = lambda * 3 J.
const Goal least_energy{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.8};
const Goal most_accuracy{.task = Task::maximize_accuracy, .deadline_s = 0.1, .energy_j = 2.0};

struct Option {
  Candidate candidate;
  double accuracy, energy_j, kept;
};

Decision choose(PlusRule& rule, const Goal& goal, const std::vector<Option>& options) {
  rule.begin(goal, goal.deadline_s);
  for (const auto& [candidate, accuracy, energy_j, kept] : options)
    rule.consider(candidate,
                  {.accuracy = accuracy, .energy_j = energy_j, .first_stage_in_time = kept}, kept);
  return rule.best();
}

PlusRule rule(const PlusSettings& settings = {}) {
  return PlusRule(test::hand_made_profile(), settings);
}

}  // namespace

TEST_CASE("minimize-energy: a miss has its price") {
  auto plus = rule();
  // 0.50 + 3 * 0.10 = 0.80 against 0.70 + 3 * 0.01 = 0.73
  const auto decision = choose(plus, least_energy, {{A, 0.9, 0.5, 0.9}, {B, 0.9, 0.7, 0.99}});
  CHECK(decision.candidate == B);
  CHECK(decision.feasible);
  CHECK(decision.deadline_s == 0.1);
  CHECK(choose(plus, least_energy, {{A, 0.9, 0.42, 0.9}, {B, 0.9, 0.7, 0.99}}).candidate == A);
}

TEST_CASE("minimize-energy: nothing that misses more than twice the tolerated rate") {
  auto plus = rule();
  CHECK(choose(plus, least_energy, {{A, 0.9, 0.1, 0.79}, {B, 0.9, 2.0, 0.81}}).candidate == B);
  auto strict = rule({.tolerated_miss_rate = 0.05});
  const auto decision = choose(strict, least_energy, {{A, 0.9, 0.1, 0.79}, {B, 0.9, 2.0, 0.81}});
  CHECK(decision.candidate == B);  // the least of misses
  CHECK_FALSE(decision.feasible);
  Goal confident = least_energy;
  confident.deadline_confidence = 0.75;
  CHECK(choose(plus, confident, {{A, 0.9, 0.1, 0.79}, {B, 0.9, 2.0, 0.81}}).candidate == A);
}

TEST_CASE("minimize-energy: with no way to keep the goal the most accurate, or the cheapest") {
  auto plus = rule();
  const std::vector<Option> options{{A, 0.5, 0.1, 0.0}, {B, 0.7, 0.9, 0.0}, {C, 0.7, 0.8, 0.0}};
  CHECK(choose(plus, least_energy, options).candidate == C);
  Goal thrifty = least_energy;
  thrifty.on_infeasible = OnInfeasible::energy;
  CHECK(choose(plus, thrifty, options).candidate == C);  // none is in time
  plus.begin(thrifty, 0.1);
  plus.consider(A, {.accuracy = 0.5, .energy_j = 0.1, .first_stage_in_time = 0.99}, 0.0);
  plus.consider(B, {.accuracy = 0.7, .energy_j = 0.9, .first_stage_in_time = 0.99}, 0.0);
  CHECK(plus.best().candidate == A);
}

// 0.55 + 3 lambda * 0.10 against 0.80 + 3 lambda * 0.01 turns at lambda = 0.926.
TEST_CASE("the price follows the misses") {
  auto plus = rule();
  const std::vector<Option> options{{A, 0.9, 0.55, 0.9}, {B, 0.9, 0.8, 0.99}};
  const auto choice = [&] { return choose(plus, least_energy, options).candidate; };
  CHECK(choice() == B);
  // Each input without a miss takes 0.2 * 0.07 off ln lambda: 0.926 is passed at the sixth.
  for (int i = 0; i < 5; ++i) plus.observe({.candidate = A, .credited_accuracy = 0.9});
  CHECK(choice() == B);
  plus.observe({.candidate = A, .credited_accuracy = 0.9});
  CHECK(choice() == A);
  SECTION("up by an answer that is too inaccurate") {
    plus.observe({.candidate = A, .credited_accuracy = 0.79});
    CHECK(choice() == B);
  }
  SECTION("up by a late one") {
    plus.observe({.candidate = A, .credited_accuracy = 0.9, .deadline_met = false});
    CHECK(choice() == B);
  }
}

// A (0.5 J, 0.5), B (1 J, 0.8), C (1.5 J, 0.85), D (2 J, 0.9), all on the hull.
TEST_CASE("maximize-accuracy: up the hull as far as the energy goes") {
  auto plus = rule();
  const std::vector<Option> all{{A, 0.5, 0.5, 1}, {B, 0.8, 1.0, 1}, {D, 0.9, 2.0, 1}};
  CHECK(choose(plus, most_accuracy, all).candidate == D);
  Goal goal = most_accuracy;
  goal.energy_j = 1.99;
  CHECK(choose(plus, goal, all).candidate == B);
  CHECK(choose(plus, goal, all).feasible);
  // Below the edge from B to D: not worth its energy.
  auto options = all;
  options.push_back({C, 0.84, 1.5, 1});
  CHECK(choose(plus, goal, options).candidate == B);
  options.back() = {C, 0.86, 1.5, 1};
  CHECK(choose(plus, goal, options).candidate == C);
  options.back().kept = 0.91;  // P[in time] is below 1 - 0.8 * 10 %
  CHECK(choose(plus, goal, options).candidate == B);
  goal.energy_j = 0.4;
  CHECK(choose(plus, goal, all).candidate == A);
  CHECK_FALSE(choose(plus, goal, all).feasible);
}

// E_goal = 2 J: an input of 1.4 J leaves 0.6 J, of which 1/30 can be spent on the next: 2.02 J.
TEST_CASE("maximize-accuracy: what is left of E_goal is spent later") {
  auto plus = rule();
  const std::vector<Option> options{{A, 0.5, 0.5, 1}, {B, 0.8, 2.015, 1}};
  const auto choice = [&] { return choose(plus, most_accuracy, options).candidate; };
  CHECK(choice() == A);
  plus.observe({.candidate = A, .energy_j = 1.4});
  CHECK(choice() == B);
  plus.observe({.candidate = B, .energy_j = 2.4});
  CHECK(choice() == A);
  // An application that meters nothing has no account.
  plus.observe({.candidate = B});
  CHECK(choice() == A);

  auto off = rule({.parts = {.energy_account = false}});
  choose(off, most_accuracy, options);
  off.observe({.candidate = A, .energy_j = 0.1});
  CHECK(choose(off, most_accuracy, options).candidate == A);
}

// 0.6 J left over fade by 1/2 at each input: 0.30 J after one more, of which 0.01 J can be spent.
TEST_CASE("what is left over fades with energy_window") {
  const std::vector<Option> options{{A, 0.5, 0.5, 1}, {B, 0.8, 2.015, 1}};
  for (const std::size_t window : {2, 0}) {
    auto plus = rule({.energy_window = window});
    choose(plus, most_accuracy, options);
    plus.observe({.candidate = A, .energy_j = 1.4});
    plus.observe({.candidate = A, .energy_j = 2.0});
    CHECK(choose(plus, most_accuracy, options).candidate == (window == 2 ? A : B));
  }
}

TEST_CASE("an energy goal that is not finite keeps no account") {
  auto plus = rule();
  Goal unlimited = most_accuracy;
  unlimited.energy_j = Goal().energy_j;
  const std::vector<Option> options{{A, 0.5, 0.5, 1}, {B, 0.8, 2.015, 1}};
  CHECK(choose(plus, unlimited, options).candidate == B);
  plus.observe({.candidate = B, .energy_j = 2.0});
  CHECK(choose(plus, most_accuracy, options).candidate == A);
}
