#include "stream/tally.hpp"

#include <algorithm>
#include <cmath>

#include "support/catch.hpp"
#include "support/outcomes.hpp"
#include "support/profiles.hpp"

using namespace bench;
using alert::Task;

namespace {

/// `bad` of `inputs` outcomes, the others in time with energy 1 J and accuracy 1.
Verdict verdict_of(const alert::Goal& goal, std::size_t inputs, std::size_t bad,
                   const Outcome& bad_outcome) {
  Verdict verdict;
  for (std::size_t i = 0; i < inputs; ++i) {
    const Outcome& outcome = i < bad ? bad_outcome : test::in_time(1.0, 1.0);
    verdict.add(goal, outcome, outcome.credited_accuracy);
  }
  return verdict;
}

}  // namespace

TEST_CASE("percentiles are exact to half a percent") {
  test::Random random(1);
  for (const std::size_t inputs : {1, 20, 1000}) {
    LatencyHistogram histogram;
    std::vector<double> latencies_s(inputs);
    for (double& latency_s : latencies_s) {
      latency_s = std::pow(10.0, test::uniform(random, -5.9, 2.9));
      histogram.add(latency_s);
    }
    std::ranges::sort(latencies_s);
    for (const double share : {0.5, 0.95, 0.99, 1.0}) {
      CAPTURE(inputs, share);
      const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(inputs)));
      CHECK(histogram.percentile_s(share) == Approx(latencies_s[rank - 1]).epsilon(0.005));
    }
  }
}

TEST_CASE("latencies beyond the histogram count in its outermost bins") {
  LatencyHistogram histogram;
  CHECK(histogram.percentile_s(0.5) == 0.0);
  histogram.add(0.0);
  CHECK(histogram.percentile_s(0.5) == Approx(1e-6).epsilon(0.005));
  histogram.add(1e9);
  CHECK(histogram.percentile_s(1.0) == Approx(1000.0).epsilon(0.02));
}

TEST_CASE("a setting is kept with exactly 10 % of the inputs late, violated with more") {
  for (const Task task : {Task::minimize_energy, Task::maximize_accuracy}) {
    const alert::Goal goal{.task = task, .deadline_s = 0.1};
    CHECK_FALSE(verdict_of(goal, 30, 3, test::late(1.0)).violated(goal));
    CHECK(verdict_of(goal, 30, 4, test::late(1.0)).violated(goal));
    CHECK(verdict_of(goal, 29, 3, test::late(1.0)).violated(goal));
  }
}

TEST_CASE("a setting is kept with exactly 10 % of the inputs below Q_goal, violated with more") {
  const alert::Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.8};
  CHECK_FALSE(verdict_of(goal, 30, 3, test::in_time(1.0, 0.79)).violated(goal));
  CHECK(verdict_of(goal, 30, 4, test::in_time(1.0, 0.79)).violated(goal));
  CHECK_FALSE(verdict_of(goal, 30, 30, test::in_time(1.0, 0.8)).violated(goal));
}

TEST_CASE("a setting is kept with a mean energy 1 % over E_goal, violated above that") {
  const alert::Goal goal{.task = Task::maximize_accuracy, .deadline_s = 0.1, .energy_j = 100.0};
  CHECK_FALSE(verdict_of(goal, 2, 2, test::in_time(101.0, 0.5)).violated(goal));
  CHECK(verdict_of(goal, 2, 2, test::in_time(101.001, 0.5)).violated(goal));
  // The mean counts, not the single input.
  CHECK_FALSE(verdict_of(goal, 2, 1, test::in_time(200.0, 0.5)).violated(goal));
}

TEST_CASE("accuracy is judged by what the scheme says, energy by what was used") {
  const alert::Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.8};
  Verdict verdict;
  verdict.add(goal, test::in_time(1.0, 0.9), 0.5);
  verdict.add(goal, test::in_time(2.0, 0.9), 1.0);
  CHECK(verdict.inputs() == 2);
  CHECK(verdict.mean_accuracy() == 0.75);
  CHECK(verdict.below_goal_rate() == 0.5);
  CHECK(verdict.miss_rate() == 0.0);
  CHECK(verdict.metric(Task::minimize_energy) == 1.5);
  CHECK(verdict.metric(Task::maximize_accuracy) == 0.25);
}

TEST_CASE("a tally's means and confidence interval") {
  const alert::Goal goal{.task = Task::minimize_energy, .deadline_s = 0.1};
  Outcome overrun = test::late(3.0);
  overrun.latency_s = 0.12;
  overrun.overrun_s = 0.02;
  const Tally tally = test::tally_of(goal, {test::in_time(1.0, 0.8), overrun});
  CHECK(tally.mean_latency_s() == Approx((0.01 + 0.12) / 2));
  CHECK(tally.mean_overrun_s() == Approx(0.01));
  CHECK(tally.mean_correct() == Approx(0.4));
  CHECK(tally.latency_percentile_s(0.5) == Approx(0.01).epsilon(0.005));
  // Energies of 1 and 3 J: standard deviation 1 J, 1.96 / sqrt(2).
  CHECK(tally.energy_ci95_j().value() == Approx(1.96 / std::sqrt(2.0)));
}

TEST_CASE("tally: means are over the energies that were measured, and those missing are counted") {
  const alert::Goal goal{.deadline_s = 0.1, .accuracy = 0.5};
  Outcome missing = test::in_time(0.0, 0.9);
  missing.energy_j.reset();
  const Tally tally =
      test::tally_of(goal, {test::in_time(1.0, 0.9), missing, test::in_time(3.0, 0.9)});
  CHECK(tally.verdict().inputs() == 3);
  CHECK(tally.verdict().energy_missing() == 1);
  CHECK(tally.verdict().mean_energy_j() == 2.0);
  CHECK(tally.energy_ci95_j().value() == Approx(1.96 / std::sqrt(2.0)));
  CHECK_FALSE(tally.verdict().violated(goal));
}

TEST_CASE("tally: a stream of whose energy nothing is known keeps no goal") {
  const alert::Goal goal{.deadline_s = 0.1, .accuracy = 0.5};
  Outcome missing = test::in_time(0.0, 0.9);
  missing.energy_j.reset();
  const Tally tally = test::tally_of(goal, {missing});
  CHECK_FALSE(tally.verdict().mean_energy_j());
  CHECK_FALSE(tally.energy_ci95_j());
  CHECK(tally.verdict().violated(goal));
}
