#include "config/grid.hpp"

#include "support/catch.hpp"
#include "support/profiles.hpp"

using namespace bench;
using alert::Task;

namespace {

GoalSpec spec(Task task, std::vector<double> scales, Levels levels) {
  GoalSpec goal;
  goal.task = task;
  goal.deadlines = std::move(scales);
  goal.levels = std::move(levels);
  return goal;
}

}  // namespace

TEST_CASE("the grid numbers every deadline and level of every goal in turn") {
  GoalSpec energy = spec(Task::minimize_energy, {0.5, 2.0}, std::size_t{3});
  energy.deadline_confidence = 0.9;
  energy.on_infeasible = alert::OnInfeasible::energy;
  const GoalSpec accuracy = spec(Task::maximize_accuracy, {1.0}, std::size_t{3});
  const auto grid = constraint_grid({energy, accuracy}, test::hand_made_profile());
  REQUIRE(grid.size() == 2 * 3 + 3);

  // The only anytime DNN takes 48 ms at 30 W. Stage accuracies go from 0.6 to 0.9: three parts of
  // 0.1 have the midpoints 0.65, 0.75, 0.85.
  const double accuracies[] = {0.65, 0.75, 0.85};
  for (std::size_t setting = 0; setting < 6; ++setting) {
    CAPTURE(setting);
    const alert::Goal& goal = grid[setting];
    CHECK(goal.task == Task::minimize_energy);
    CHECK(goal.deadline_s == Approx(setting < 3 ? 0.024 : 0.096));
    CHECK(goal.accuracy == Approx(accuracies[setting % 3]));
    CHECK(goal.energy_j == std::numeric_limits<double>::infinity());
    CHECK(goal.deadline_confidence == 0.9);
    CHECK(goal.on_infeasible == alert::OnInfeasible::energy);
  }
  // Caps of 10, 20 and 30 W over 48 ms.
  const double energies_j[] = {0.48, 0.96, 1.44};
  for (std::size_t level = 0; level < 3; ++level) {
    const alert::Goal& goal = grid[6 + level];
    CHECK(goal.task == Task::maximize_accuracy);
    CHECK(goal.deadline_s == Approx(0.048));
    CHECK(goal.energy_j == Approx(energies_j[level]));
    CHECK(goal.accuracy == 0.0);
    CHECK_FALSE(goal.deadline_confidence.has_value());
  }
}

TEST_CASE("values that are written out stand as they are") {
  GoalSpec goal = spec(Task::minimize_energy, {0.05, 0.1}, std::vector{0.8, 0.7});
  goal.deadlines_are_scales = false;
  const auto grid = constraint_grid({goal}, test::hand_made_profile());
  REQUIRE(grid.size() == 4);
  CHECK(grid[0].deadline_s == 0.05);
  CHECK(grid[1].accuracy == 0.7);
  CHECK(grid[2].deadline_s == 0.1);
  CHECK(grid[2].accuracy == 0.8);
}

TEST_CASE("one level is the middle accuracy, and the energy of the highest cap") {
  const auto profile = test::hand_made_profile();
  const auto accuracy =
      constraint_grid({spec(Task::minimize_energy, {1.0}, std::size_t{1})}, profile);
  CHECK(accuracy.at(0).accuracy == Approx(0.75));
  const auto energy =
      constraint_grid({spec(Task::maximize_accuracy, {1.0}, std::size_t{1})}, profile);
  CHECK(energy.at(0).energy_j == Approx(30.0 * 0.048));
}

TEST_CASE("scales are of the largest anytime DNN, or else of the slowest DNN") {
  auto profile = test::hand_made_profile();
  auto half = profile.models[test::any];
  for (auto& row : half.latency_s)
    for (double& end_s : row) end_s /= 2;
  profile.models.push_back(half);                    // a smaller anytime DNN
  profile.models[test::large].latency_s[2] = {1.0};  // a slower traditional one
  const GoalSpec goal = spec(Task::minimize_energy, {1.0}, std::size_t{1});
  CHECK(constraint_grid({goal}, profile).at(0).deadline_s == Approx(0.048));

  profile.models.resize(test::any);
  CHECK(constraint_grid({goal}, profile).at(0).deadline_s == Approx(1.0));
}
