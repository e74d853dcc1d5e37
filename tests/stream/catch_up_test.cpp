#include "stream/catch_up.hpp"

#include "support/catch.hpp"
#include "support/profiles.hpp"
#include "support/world.hpp"

using namespace bench;

namespace {

const alert::Profile base = test::hand_made_profile();
constexpr std::size_t full = 2;  // the default cap

/// A word takes a tenth of the profiled latency to read, at every stage and cap.
CatchUpLatency a_tenth() {
  CatchUpLatency word_s;
  for (const auto& model : base.models) {
    word_s.push_back(model.latency_s);
    for (auto& stages : word_s.back())
      for (double& latency_s : stages) latency_s /= 10.0;
  }
  return word_s;
}

}  // namespace

TEST_CASE("without words to read the profile is the base's own") {
  CatchUp catch_up(base);
  catch_up.begin_input(3);
  CHECK(&catch_up.profile() == &base);
  const CatchUpLatency none;
  CHECK(&CatchUp(base, none).profile() == &base);
}

TEST_CASE("a model that does not run falls behind word by word, until it runs") {
  const CatchUpLatency word_s = a_tenth();
  CatchUp catch_up(base, word_s);
  const auto latency_s = [&](std::size_t model, std::size_t stage = 1) {
    return catch_up.profile().models[model].latency_s[full][stage - 1];
  };
  catch_up.begin_input(0);
  CHECK(latency_s(test::large) == Approx(0.040));
  catch_up.ran(test::small, 1);
  catch_up.begin_input(1);
  CHECK(latency_s(test::small) == Approx(0.010));
  CHECK(latency_s(test::large) == Approx(0.044));
  catch_up.ran(test::small, 1);
  catch_up.begin_input(2);
  CHECK(latency_s(test::large) == Approx(0.048));
  CHECK(catch_up.profile().models[test::large].latency_s[0][0] == Approx(0.096));
  catch_up.ran(test::large, 1);
  catch_up.begin_input(3);
  CHECK(latency_s(test::large) == Approx(0.040));
  CHECK(latency_s(test::small) == Approx(0.011));
  catch_up.begin_input(0);  // the next sentence
  CHECK(latency_s(test::small) == Approx(0.010));
}

TEST_CASE("the stages of an anytime DNN fall behind each for itself") {
  const CatchUpLatency word_s = a_tenth();
  CatchUp catch_up(base, word_s);
  catch_up.begin_input(0);
  catch_up.ran(test::any, 3);
  catch_up.begin_input(1);
  catch_up.ran(test::any, 1);
  catch_up.begin_input(2);
  // Stages 2 and 3 lack one word; a word takes 1.2, 1.2 and 2.4 ms of the three stages' own time.
  const auto& latency_s = catch_up.profile().models[test::any].latency_s[full];
  CHECK(latency_s[0] == Approx(0.012));
  CHECK(latency_s[1] == Approx(0.024 + 0.0012));
  CHECK(latency_s[2] == Approx(0.048 + 0.0012 + 0.0024));
}

TEST_CASE("a recorded run is replayed with the words to catch up on, slowed down as it was") {
  const CatchUpLatency word_s = a_tenth();
  CatchUp catch_up(base, word_s);
  catch_up.begin_input(0);
  catch_up.ran(test::small, 1);
  catch_up.begin_input(1);
  const test::World world = test::slowed_world(base, 2.0);
  const Execution read = world.execution(test::small, full);
  const Execution same = catch_up.replayed(read, test::small, full);
  CHECK(same.stage_latency_s[0] == Approx(0.020));
  CHECK(same.busy_energy_j == read.busy_energy_j);

  const Execution recorded = world.execution(test::any, full);
  const Execution replayed = catch_up.replayed(recorded, test::any, full);
  REQUIRE(replayed.stage_latency_s.size() == 3);
  for (std::size_t k = 0; k < 3; ++k)
    CHECK(replayed.stage_latency_s[k] == Approx(1.1 * recorded.stage_latency_s[k]));
  CHECK(replayed.busy_energy_j.value() == Approx(1.1 * recorded.busy_energy_j.value()));
  CHECK(replayed.stage_correct.data() == recorded.stage_correct.data());
}

TEST_CASE("the profile stays where it is when its owner is moved") {
  const CatchUpLatency word_s = a_tenth();
  CatchUp first(base, word_s);
  const alert::Profile* profile = &first.profile();
  const CatchUp second(std::move(first));
  CHECK(&second.profile() == profile);
}
