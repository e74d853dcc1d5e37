#include "schemes/outcome.hpp"

#include <array>

#include "support/catch.hpp"
#include "support/profiles.hpp"

using bench::Execution;
using bench::Outcome;
using bench::outcome_of;

namespace {

// The anytime DNN's stages end at 10, 20 and 40 ms; 10 W while busy, 3 W idle.
constexpr std::array end_s{0.010, 0.020, 0.040};
constexpr std::array correct{0.5, 0.75, 1.0};
constexpr Execution execution{end_s, correct, 0.4, 3.0};
constexpr double q_fail = 0.1;

Outcome anytime(std::size_t stop_stage, double deadline_s, const Execution& run = execution) {
  return outcome_of(run, test::hand_made_profile().models[test::any], q_fail, stop_stage,
                    deadline_s);
}

Outcome traditional(double deadline_s) {
  return outcome_of({std::span(end_s).last(1), std::span(correct).last(1), 0.4, 3.0},
                    test::hand_made_profile().models[test::large], q_fail, 1, deadline_s);
}

}  // namespace

TEST_CASE("anytime DNN in time: it runs all stages and idles until the deadline") {
  const Outcome outcome = anytime(3, 0.1);
  CHECK(outcome.stage == 3);
  CHECK(outcome.finished_stage == 3);
  CHECK(outcome.deadline_met());
  CHECK(outcome.latency_s == 0.040);
  CHECK(outcome.busy_s == 0.040);
  CHECK(outcome.overrun_s == 0.0);
  CHECK(outcome.busy_energy_j.value() == Approx(0.4));
  CHECK(outcome.energy_j.value() == Approx(0.4 + 3.0 * 0.060));
  CHECK(outcome.idle_power_w == 3.0);
  CHECK(outcome.period_s == 0.1);
  CHECK(outcome.credited_accuracy == 0.88);
  CHECK(outcome.correct == 1.0);
}

TEST_CASE("anytime DNN with a stop stage: no later stage runs, its energy is its share") {
  const Outcome outcome = anytime(2, 0.1);
  CHECK(outcome.stage == 2);
  CHECK(outcome.finished_stage == 2);
  CHECK(outcome.latency_s == 0.020);
  CHECK(outcome.busy_s == 0.020);
  CHECK(outcome.busy_energy_j.value() == Approx(0.2));
  CHECK(outcome.energy_j.value() == Approx(0.2 + 3.0 * 0.080));
  CHECK(outcome.credited_accuracy == 0.8);
  CHECK(outcome.correct == 0.75);
}

TEST_CASE("anytime DNN stopped at the deadline: the stage in flight runs over, no other starts") {
  const Outcome outcome = anytime(3, 0.015);
  CHECK(outcome.stage == 1);
  CHECK(outcome.finished_stage == 2);
  CHECK(outcome.deadline_met());
  CHECK(outcome.latency_s == 0.010);
  CHECK(outcome.busy_s == 0.020);
  CHECK(outcome.overrun_s == Approx(0.005));
  CHECK(outcome.busy_energy_j.value() == Approx(0.2));
  CHECK(outcome.energy_j.value() == Approx(0.2));
  CHECK(outcome.period_s == 0.020);
  CHECK(outcome.credited_accuracy == 0.6);
  CHECK(outcome.correct == 0.5);
}

TEST_CASE("anytime DNN whose last stage is in flight at the deadline") {
  const Outcome outcome = anytime(3, 0.030);
  CHECK(outcome.stage == 2);
  CHECK(outcome.finished_stage == 3);
  CHECK(outcome.latency_s == 0.020);
  CHECK(outcome.overrun_s == Approx(0.010));
  CHECK(outcome.energy_j.value() == Approx(0.4));
}

TEST_CASE("a stage that ends at the deadline is in time, and the next may still start") {
  const Outcome outcome = anytime(3, 0.020);
  CHECK(outcome.stage == 2);
  CHECK(outcome.finished_stage == 3);
  CHECK(anytime(2, 0.020).overrun_s == 0.0);
  CHECK(traditional(0.040).deadline_met());
}

TEST_CASE("anytime DNN that delivers nothing: latency is the first stage's, accuracy q_fail") {
  const Outcome outcome = anytime(3, 0.005);
  CHECK(outcome.stage == 0);
  CHECK(outcome.finished_stage == 1);
  CHECK_FALSE(outcome.deadline_met());
  CHECK(outcome.latency_s == 0.010);
  CHECK(outcome.busy_s == 0.010);
  CHECK(outcome.overrun_s == Approx(0.005));
  CHECK(outcome.energy_j.value() == Approx(0.1));
  CHECK(outcome.credited_accuracy == q_fail);
  CHECK(outcome.correct == 0.0);
}

TEST_CASE("traditional DNN in time") {
  const Outcome outcome = traditional(0.050);
  CHECK(outcome.stage == 1);
  CHECK(outcome.latency_s == 0.040);
  CHECK(outcome.energy_j.value() == Approx(0.4 + 3.0 * 0.010));
  CHECK(outcome.credited_accuracy == 0.9);
  CHECK(outcome.correct == 1.0);
}

TEST_CASE("traditional DNN that is late is busy to its end") {
  const Outcome outcome = traditional(0.030);
  CHECK(outcome.stage == 0);
  CHECK(outcome.finished_stage == 1);
  CHECK(outcome.latency_s == 0.040);
  CHECK(outcome.busy_s == 0.040);
  CHECK(outcome.overrun_s == Approx(0.010));
  CHECK(outcome.energy_j.value() == Approx(0.4));
  CHECK(outcome.period_s == 0.040);
  CHECK(outcome.credited_accuracy == q_fail);
  CHECK(outcome.correct == 0.0);
}

TEST_CASE("a live execution that holds only what ran comes out as the full one does") {
  for (const double deadline_s : {0.005, 0.010, 0.015, 0.020, 0.030, 0.040, 0.1}) {
    for (std::size_t stop_stage = 1; stop_stage <= 3; ++stop_stage) {
      const Outcome full = anytime(stop_stage, deadline_s);
      // 10 W over what ran.
      const Execution ran{std::span(end_s).first(full.finished_stage),
                          std::span(correct).first(full.finished_stage), 10.0 * full.busy_s, 3.0};
      const Outcome live = anytime(stop_stage, deadline_s, ran);
      CHECK(live.stage == full.stage);
      CHECK(live.finished_stage == full.finished_stage);
      CHECK(live.latency_s == full.latency_s);
      CHECK(live.busy_s == full.busy_s);
      CHECK(live.overrun_s == full.overrun_s);
      CHECK(live.busy_energy_j.value() == Approx(full.busy_energy_j.value()));
      CHECK(live.energy_j.value() == Approx(full.energy_j.value()));
      CHECK(live.period_s == full.period_s);
      CHECK(live.credited_accuracy == full.credited_accuracy);
      CHECK(live.correct == full.correct);
    }
  }
}

TEST_CASE("feedback tells of the last stage that finished, in time or not") {
  const alert::Candidate candidate{test::any, 3, 1};
  const auto feedback = feedback_of(anytime(3, 0.015), candidate, 1e-6);
  CHECK(feedback.candidate == candidate);
  CHECK(feedback.finished_stage == 2);
  CHECK(feedback.finished_latency_s == 0.020);
  CHECK(feedback.credited_accuracy == 0.6);
  CHECK(feedback.overhead_s == 1e-6);
}

TEST_CASE("feedback has an idle power only where there was idle time") {
  CHECK(feedback_of(anytime(3, 0.1), {}, 0.0).idle_power_w == 3.0);
  CHECK_FALSE(feedback_of(anytime(3, 0.015), {}, 0.0).idle_power_w);
  CHECK_FALSE(feedback_of(anytime(2, 0.020), {}, 0.0).idle_power_w);
}

TEST_CASE("outcome: energy that was not measured is missing, with its reason, never a number") {
  const std::vector<double> end_s{0.02}, correct{1.0};
  const alert::ModelProfile model = test::hand_made_profile().models[0];
  const auto outcome = [&](std::optional<double> busy_energy_j, std::optional<double> idle_power_w,
                           double deadline_s) {
    return outcome_of({end_s, correct, busy_energy_j, idle_power_w, "the meter failed"}, model, 0.1,
                      1, deadline_s);
  };
  const Outcome no_busy = outcome(std::nullopt, 3.0, 0.1);
  CHECK_FALSE(no_busy.busy_energy_j);
  CHECK_FALSE(no_busy.energy_j);
  CHECK(no_busy.idle_power_w == 3.0);
  CHECK(no_busy.energy_reason == "the meter failed");

  const Outcome no_idle = outcome(0.5, std::nullopt, 0.1);
  CHECK(no_idle.busy_energy_j == 0.5);
  CHECK_FALSE(no_idle.energy_j);
  CHECK_FALSE(feedback_of(no_idle, {}, 0.0).idle_power_w);

  CHECK(outcome(0.5, std::nullopt, 0.01).energy_j == 0.5);  // it left no idle time
  CHECK(outcome(0.5, 3.0, 0.1).energy_reason.empty());
}
