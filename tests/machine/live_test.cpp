#include "machine/live.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/fake_machine.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using Catch::Matchers::Contains;
using test::FakeMachine;

namespace {

/// Two schemes that need no feedback, on one setting with a deadline of 100 ms.
struct Run {
  Run() {
    config.name = "test";
    config.inputs.count = 20;
    for (const char* scheme : {"app-only", "alert"})
      config.schemes.push_back(default_scheme(scheme));
    grid[0].deadline_s = 0.1;
    grid[0].accuracy = 0.65;
  }

  std::vector<Cell> operator()(FakeMachine& machine, bool resume = false) {
    const auto logged =
        resume ? read_inferences(log_file(), machine.profile) : decltype(read_inferences("", {}))();
    InferenceLog log(log_file(), resume);
    return run_live(machine, config, environment,
                    {"fake", EnergySource::emulated, machine.profile, {}, {}}, grid, logged, log);
  }

  std::filesystem::path log_file() const { return folder.path() / "inferences.jsonl"; }
  std::map<StreamKey, std::vector<Step>> logged() const {
    return read_inferences(log_file(), test::hand_made_profile());
  }

  test::TemporaryFolder folder;
  Config config;
  EnvironmentSpec environment{"default", std::nullopt};
  std::vector<alert::Goal> grid{1};
};

}  // namespace

TEST_CASE("live: each scheme answers every input once, and its turn lasts the whole period") {
  Run run;
  FakeMachine machine(run.config.inputs);
  const auto cells = run(machine);
  REQUIRE(cells.size() == 2);
  for (const Cell& cell : cells) CHECK(cell.tally.verdict().inputs() == 20);
  for (const auto& [key, steps] : run.logged())
    for (std::size_t input = 0; input < 20; ++input) {
      CHECK(steps[input].input == input);
      CHECK(steps[input].outcome.period_s == Approx(0.1));
    }
  CHECK(seconds_between({}, machine.now()) == Approx(2 * 20 * 0.1));
}

TEST_CASE("live: energy is busy power while the inference runs, then the idle power measured") {
  Run run;
  run.config.schemes.resize(1);  // app-only: two stages at 30 W take 24 ms, the rest is idle
  run.grid[0].accuracy = 0.75;
  FakeMachine machine(run.config.inputs);
  const auto cells = run(machine);
  CHECK(cells[0].tally.verdict().mean_energy_j().value() == Approx(30.0 * 0.024 + 3.0 * 0.076));
}

TEST_CASE("live: co-runners run beside the inputs of their windows only") {
  Run run;
  run.environment = test::contended({{5, 9}});
  FakeMachine machine(run.config.inputs);
  run(machine);
  for (std::size_t i = 0; i < machine.calls.size(); ++i)
    CHECK(machine.calls[i].contention == (i / 2 >= 5 && i / 2 <= 9));
  for (const auto& [key, steps] : run.logged())
    for (const Step& step : steps) CHECK(step.contention == (step.input >= 5 && step.input <= 9));
}

TEST_CASE("live: the schemes' turns change from input to input, the same for one seed") {
  const auto first_models = [] {
    Run run;
    run.config.inputs.count = 40;
    FakeMachine machine(run.config.inputs);
    run(machine);
    std::vector<std::size_t> first;
    for (std::size_t i = 0; i < machine.calls.size(); i += 2)
      first.push_back(machine.calls[i].stop_stage);
    return first;
  };
  const auto once = first_models();
  CHECK(once == first_models());
  CHECK(std::ranges::count(once, once[0]) > 8);
  CHECK(std::ranges::count(once, once[0]) < 32);
}

TEST_CASE("live: a run that goes on gives what one without a stop gives") {
  Run whole, stopped;
  FakeMachine machine(whole.config.inputs);
  const auto expected = whole(machine);

  {
    FakeMachine first(stopped.config.inputs);
    first.failing.insert({test::any, 60});  // somewhere in the middle
    first.failing.insert({test::small, 60});
    CHECK_THROWS_AS(stopped(first), InputError);
  }
  const auto logged = stopped.logged();
  CHECK(!logged.empty());
  FakeMachine second(stopped.config.inputs);
  const auto cells = stopped(second, true);
  CHECK(second.calls.size() < machine.calls.size());
  REQUIRE(cells.size() == expected.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    CHECK(cells[i].tally.verdict().inputs() == 20);
    CHECK(cells[i].tally.verdict().mean_energy_j().value() ==
          Approx(expected[i].tally.verdict().mean_energy_j().value()).epsilon(1e-6));
  }
  for (const auto& [key, steps] : stopped.logged()) CHECK(steps.size() == 20);
}

TEST_CASE(
    "live: an input that cannot be read, or that a model fails on, stops the run or is lost") {
  Run run;
  FakeMachine machine(run.config.inputs);
  const auto unreadable =
      std::get<std::vector<std::int64_t>>(machine.evaluation_inputs().burst(3).values)[0];
  machine.dataset.unreadable.insert(static_cast<std::size_t>(unreadable));
  CHECK_THROWS_WITH(run(machine), Contains("input 3 (item"));

  run.config.on_error = OnError::skip;
  const auto cells = run(machine);
  for (const Cell& cell : cells) {
    CHECK(cell.tally.lost() == 1);
    CHECK(cell.tally.verdict().inputs() == 19);
  }
  for (const auto& [key, steps] : run.logged()) {
    REQUIRE(steps[3].lost);
    CHECK_THAT(*steps[3].lost, Contains("broken.wav"));
  }
}

TEST_CASE("live: windows that are too short for the meter are called coarse") {
  Run run;
  run.config.schemes.resize(1);
  FakeMachine machine(run.config.inputs);
  for (const double least_window_s : {0.001, 0.05}) {  // its inferences take 24 ms
    machine.least_window = least_window_s;
    run(machine);
    for (const auto& [key, steps] : run.logged())
      for (const Step& step : steps) CHECK(step.energy_coarse == (least_window_s > 0.024));
  }
}
