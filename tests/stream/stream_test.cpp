#include "stream/stream.hpp"

#include "support/catch.hpp"
#include "support/profiles.hpp"
#include "support/world.hpp"

using namespace bench;

namespace {

const alert::Profile profile = test::hand_made_profile();
const alert::Goal goal{.task = alert::Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.5};

/// Plays the small DNN at the default cap and keeps what it is told.
class Constant final : public Scheme {
 public:
  explicit Constant(std::vector<alert::Feedback>& told) : told_(told) {}

  alert::Decision decide(const Input& input) override {
    return {{test::small, 1, 2}, true, {}, input.deadline_s};
  }
  void observe(const alert::Feedback& feedback) override { told_.push_back(feedback); }
  double judged_accuracy(const Outcome& outcome) const override { return outcome.correct; }

 private:
  std::vector<alert::Feedback>& told_;
};

struct Fixture {
  std::vector<alert::Feedback> told;
  Stream stream{CatchUp(profile), goal, std::make_unique<Constant>(told)};

  Step run(const GroupPosition& group, double latency_s,
           std::optional<double> overhead_s = std::nullopt) {
    const std::vector<double> ends_s{latency_s}, correct{0.25};
    Step step = stream.decide(7, group, true);
    step.overhead_s = overhead_s;
    stream.conclude(step, {ends_s, correct, 30.0 * latency_s, 3.0});
    return step;
  }
};

}  // namespace

TEST_CASE("an input of its own has the goal's deadline, however late the one before") {
  Fixture fixture;
  CHECK(fixture.run({0, 0, 1}, 0.5).deadline_s == Approx(0.1));
  const Step step = fixture.run({1, 0, 1}, 0.02);
  CHECK(step.deadline_s == Approx(0.1));
  CHECK(step.input == 7);
  CHECK(step.contention);
  CHECK(step.outcome.deadline_met());
}

TEST_CASE(
    "a group shares its deadline: after a slow input the others get less, the next group not") {
  Fixture fixture;
  // 0.3 s for three inputs. The first takes 0.2 s, too long for its 0.1 s: two share the last 0.1
  // s.
  CHECK(fixture.run({0, 0, 3}, 0.2).deadline_s == Approx(0.1));
  // It ends early, but the next input arrives at its deadline.
  CHECK(fixture.run({0, 1, 3}, 0.01).deadline_s == Approx(0.05));
  CHECK(fixture.run({0, 2, 3}, 0.01).deadline_s == Approx(0.05));
  CHECK(fixture.run({1, 0, 3}, 0.01).deadline_s == Approx(0.1));
}

TEST_CASE("a group that has used up its deadline leaves none") {
  Fixture fixture;
  fixture.run({0, 0, 2}, 0.25);
  const Step step = fixture.run({0, 1, 2}, 0.01);
  CHECK(step.deadline_s == 0.0);
  CHECK_FALSE(step.outcome.deadline_met());
}

TEST_CASE("a measured overhead counts against the deadline") {
  Fixture fixture;
  const Step kept = fixture.run({0, 0, 1}, 0.09, 0.005);
  CHECK(kept.outcome.deadline_met());
  CHECK(kept.outcome.period_s == Approx(0.1));
  const Step missed = fixture.run({1, 0, 1}, 0.09, 0.02);
  CHECK_FALSE(missed.outcome.deadline_met());
  CHECK(missed.outcome.overrun_s == Approx(0.01));
  CHECK(missed.outcome.period_s == Approx(0.11));

  const Step all_gone = fixture.run({2, 0, 2}, 0.01, 0.3);
  CHECK_FALSE(all_gone.outcome.deadline_met());
  CHECK(fixture.run({2, 1, 2}, 0.01).deadline_s == 0.0);

  REQUIRE(fixture.told.size() == 4);
  CHECK(fixture.told[1].overhead_s == 0.02);
  CHECK(fixture.told[1].finished_latency_s == 0.09);
  CHECK(fixture.told[3].overhead_s == 0.0);
}

TEST_CASE("the tally judges by the scheme's accuracy") {
  Fixture fixture;
  fixture.run({0, 0, 1}, 0.02);
  CHECK(fixture.stream.tally().verdict().mean_accuracy() == 0.25);
  CHECK(fixture.told.at(0).credited_accuracy == 0.7);
}

TEST_CASE("a step learnt from a log is as good as one that ran") {
  Fixture ran, learnt;
  for (const std::size_t position : {0, 1}) {
    const Step step = ran.run({0, position, 3}, 0.11, 0.001);
    learnt.stream.decide(7, {0, position, 3}, true);
    learnt.stream.learn(step);
  }
  CHECK(learnt.run({0, 2, 3}, 0.01).deadline_s == ran.run({0, 2, 3}, 0.01).deadline_s);
  REQUIRE(learnt.told.size() == 3);
  CHECK(learnt.told[1].finished_latency_s == ran.told[1].finished_latency_s);
  CHECK(learnt.told[1].overhead_s == 0.001);
  CHECK(learnt.stream.tally().verdict().mean_energy_j() ==
        ran.stream.tally().verdict().mean_energy_j());
}

TEST_CASE("an input that was lost is counted, and nothing is learned from it") {
  Fixture fixture;
  fixture.run({0, 0, 3}, 0.2);
  const Step lost = fixture.stream.lose(7, {0, 1, 3}, true, "silent");
  CHECK(lost.lost == "silent");
  CHECK(lost.contention);
  CHECK(fixture.stream.tally().lost() == 1);
  CHECK(fixture.stream.tally().verdict().inputs() == 1);
  CHECK(fixture.told.size() == 1);
  // The group goes on: 0.1 s left for one input.
  CHECK(fixture.run({0, 2, 3}, 0.01).deadline_s == Approx(0.1));
}

TEST_CASE("a replayed stream pays for the words that its model has not read") {
  std::vector<alert::Feedback> told;
  CatchUpLatency word_s;
  for (const auto& model : profile.models) word_s.push_back(model.latency_s);
  Stream stream(CatchUp(profile, word_s), goal, std::make_unique<Constant>(told));
  const test::World world = test::slowed_world(profile, 1.0);
  const auto run = [&](std::size_t position) {
    Step step = stream.decide(0, {0, position, 4}, false, &world);
    stream.conclude(step, world);
    return step.outcome.busy_s;
  };
  CHECK(run(0) == Approx(0.010));
  CHECK(run(1) == Approx(0.010));
  stream.lose(0, {0, 2, 4}, false, "lost");
  CHECK(run(3) == Approx(0.020));  // the word that was lost is read now
}
