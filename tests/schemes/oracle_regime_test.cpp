// oracle-regime: what it knows, and that it never looks at the input's own sample.
#include "schemes/regimes.hpp"
#include "support/catch.hpp"
#include "support/world.hpp"

using alert::Candidate;
using alert::Goal;
using alert::Task;
using bench::default_scheme;
using bench::Regimes;
using test::World;

namespace {

const Goal least_energy{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.85};

World slowed(double xi, bool contention) {
  World world = test::slowed_world(test::hand_made_profile(), xi);
  world.contention = contention;
  return world;
}

}  // namespace

TEST_CASE("oracle-regime goes by the regime's other inputs, not by the input at hand") {
  const auto profile = test::hand_made_profile();
  const World steady = slowed(1.0, false), odd = slowed(10.0, false), slow = slowed(2.2, true);
  Regimes regimes(profile);
  for (const World* world : {&steady, &steady, &odd, &slow, &slow}) regimes.add(*world);
  CHECK(regimes.inputs(false) == 3);
  CHECK(regimes.inputs(true) == 2);
  const auto scheme = default_scheme("oracle-regime").make(profile, {{}, &regimes});
  const auto energy_j = [&](const World& world) {
    return scheme->decide({least_energy, 0.1, &world}).prediction.energy_j;
  };
  // "large" at 10 W, 80 ms: 0.8 + 0.06 J, where all others are steady.
  CHECK(energy_j(odd) == Approx(0.86));
  // At 2.2 times the latency "large" at 30 W, 88 ms, is the only one in time and accurate enough.
  CHECK(scheme->decide({least_energy, 0.1, &slow}).candidate == Candidate{test::large, 1, 2});
  CHECK(energy_j(slow) == Approx(30 * 0.088 + 3 * 0.012));
}

TEST_CASE("oracle-regime knows the mean of what really comes") {
  test::Random random(11);
  for (int i = 0; i < 100; ++i) {
    const auto profile = test::random_profile(random);
    std::vector<World> worlds;
    Regimes regimes(profile);
    for (int input = 0; input < 5; ++input) worlds.push_back(test::random_world(random, profile));
    for (const World& world : worlds) regimes.add(world);
    Goal goal{.task = Task::maximize_accuracy, .deadline_s = test::uniform(random, 0.01, 0.12)};
    const auto scheme = default_scheme("oracle-regime").make(profile, {{}, &regimes});
    for (const double deadline_s : {goal.deadline_s, 0.5 * goal.deadline_s}) {
      const auto decision = scheme->decide({goal, deadline_s, &worlds[2]});
      const auto& [model, stage, cap] = decision.candidate;
      double energy_j = 0.0, accuracy = 0.0;
      for (const std::size_t other : {0, 1, 3, 4}) {
        const auto outcome = outcome_of(worlds[other].execution(model, cap), profile.models[model],
                                        profile.q_fail, stage, deadline_s);
        energy_j += outcome.energy_j.value() / 4.0;
        accuracy += outcome.credited_accuracy / 4.0;
      }
      CHECK(decision.prediction.energy_j == Approx(energy_j));
      CHECK(decision.prediction.accuracy == Approx(accuracy));
    }
  }
}

TEST_CASE("an input that is alone in its regime is all that oracle-regime has") {
  const auto profile = test::hand_made_profile();
  const World world = slowed(1.0, true);
  Regimes regimes(profile);
  regimes.add(world);
  const auto scheme = default_scheme("oracle-regime").make(profile, {{}, &regimes});
  CHECK(scheme->decide({least_energy, 0.1, &world}).prediction.energy_j == Approx(0.86));
}
