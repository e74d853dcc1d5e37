#include "contention/spec.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
using Catch::Matchers::Equals;

namespace {

ContentionSpec parse(const std::string& text) {
  return parse_contention(JsonValue::from(nlohmann::json::parse(text), "c.json"));
}

std::string error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string error_of_schedule(const std::string& schedule) {
  return error_of(R"({"workload": "memory", "schedule": )" + schedule + "}");
}

/// "..##." for off, off, on, on, off.
std::string picture(const std::vector<bool>& on) {
  std::string text;
  for (const bool running : on) text += running ? '#' : '.';
  return text;
}

}  // namespace

TEST_CASE("contention: all keys are read") {
  const ContentionSpec spec = parse(
      R"({"workload": "compute", "workers": 2, "nice": 5, "schedule": {"windows": [[1, 2], [4, 4]]}})");
  CHECK(spec.workload == Workload::compute);
  CHECK(spec.workers == 2);
  CHECK(spec.nice == 5);
  CHECK(std::get<WindowSchedule>(spec.schedule).windows ==
        std::vector<std::pair<std::size_t, std::size_t>>{{1, 2}, {4, 4}});
}

TEST_CASE("contention: one worker, not niced, where the config does not say") {
  const ContentionSpec spec =
      parse(R"({"workload": "memory", "schedule": {"random": {"mean_on": 4, "mean_off": 7.5}}})");
  CHECK(spec.workload == Workload::memory);
  CHECK(spec.workers == 1);
  CHECK(spec.nice == 0);
  CHECK(std::get<RandomSchedule>(spec.schedule).mean_on == 4.0);
  CHECK(std::get<RandomSchedule>(spec.schedule).mean_off == 7.5);
}

TEST_CASE("contention: faults are named with their place") {
  CHECK_THAT(error_of(R"({"workload": "memroy"})"),
             Equals("c.json: /workload: unknown workload \"memroy\" (did you mean \"memory\"?); "
                    "allowed: \"memory\", \"compute\", \"stress-ng\", \"exec\""));
  CHECK_THAT(error_of(R"({"workload": "memory"})"), Equals("c.json: /: \"schedule\" is missing"));
  CHECK_THAT(error_of(R"({"worker": 2})"),
             Equals("c.json: /worker: unknown key \"worker\" (did you mean \"workers\"?); allowed: "
                    "\"workload\", \"arguments\", \"command\", \"workers\", \"nice\", "
                    "\"schedule\""));
  CHECK_THAT(error_of(R"({"workload": "memory", "workers": 0})"),
             Equals("c.json: /workers: must be a whole number from 1 to 1024, found 0"));
  CHECK_THAT(error_of(R"({"workload": "memory", "nice": 20})"),
             Equals("c.json: /nice: must be a whole number from 0 to 19, found 20"));
}

TEST_CASE("contention: stress-ng has arguments, exec a command, the others neither") {
  const std::string schedule = R"("schedule": {"windows": [[1, 2]]}})";
  const ContentionSpec stress =
      parse(R"({"workload": "stress-ng", "arguments": ["--vm", "2"], )" + schedule);
  CHECK(stress.workload == Workload::stress_ng);
  CHECK(stress.arguments == std::vector<std::string>{"--vm", "2"});
  const ContentionSpec exec =
      parse(R"({"workload": "exec", "command": ["bodytrack", "4"], )" + schedule);
  CHECK(exec.workload == Workload::exec);
  CHECK(exec.arguments == std::vector<std::string>{"bodytrack", "4"});

  CHECK_THAT(error_of(R"({"workload": "exec"})"), Equals("c.json: /: \"command\" is missing"));
  CHECK_THAT(error_of(R"({"workload": "exec", "command": []})"),
             Equals("c.json: /command: must not be empty"));
  CHECK_THAT(error_of(R"({"workload": "stress-ng", "command": ["x"]})"),
             Equals("c.json: /command: does not belong to the workload \"stress-ng\""));
  CHECK_THAT(error_of(R"({"workload": "memory", "arguments": ["x"]})"),
             Equals("c.json: /arguments: does not belong to the workload \"memory\""));
}

TEST_CASE("contention: faults of a schedule are named with their place") {
  CHECK_THAT(error_of_schedule("{}"),
             Equals("c.json: /schedule: must have either \"windows\" or \"random\""));
  CHECK_THAT(error_of_schedule(R"({"windows": [[0, 1]], "random": {}})"),
             Equals("c.json: /schedule: must have either \"windows\" or \"random\""));
  CHECK_THAT(error_of_schedule(R"({"window": []})"),
             Equals("c.json: /schedule/window: unknown key \"window\" (did you mean \"windows\"?); "
                    "allowed: \"windows\", \"random\""));
  CHECK_THAT(error_of_schedule(R"({"windows": []})"),
             Equals("c.json: /schedule/windows: must have at least one window"));
  CHECK_THAT(error_of_schedule(R"({"windows": [[1]]})"),
             Equals("c.json: /schedule/windows/0: a window is [first input, last input]"));
  CHECK_THAT(error_of_schedule(R"({"windows": [[5, 4]]})"),
             Equals("c.json: /schedule/windows/0: window ends at 4, before it begins at 5"));
  CHECK_THAT(
      error_of_schedule(R"({"windows": [[1, 4], [4, 6]]})"),
      Equals("c.json: /schedule/windows/1: windows must ascend and not overlap: begins at 4, "
             "the last ended at 4"));
  CHECK_THAT(error_of_schedule(R"({"random": {"mean_on": 0.5, "mean_off": 1}})"),
             Equals("c.json: /schedule/random/mean_on: must be at least 1, found 0.5"));
  CHECK_THAT(error_of_schedule(R"({"random": {"mean_on": 1}})"),
             Equals("c.json: /schedule/random: \"mean_off\" is missing"));
  CHECK_THAT(error_of_schedule(R"({"random": {"mean_on": 1, "mean_off": 1, "seed": 1}})"),
             Equals("c.json: /schedule/random/seed: unknown key \"seed\"; allowed: \"mean_on\", "
                    "\"mean_off\""));
}

TEST_CASE("contention: windows hold their first and their last input") {
  ContentionSpec spec;
  spec.schedule = WindowSchedule{{{1, 2}, {4, 4}, {7, 12}, {20, 30}}};
  CHECK(picture(contention_schedule(spec, 10, 1)) == ".##.#..###");
  CHECK(picture(contention_schedule(spec, 0, 1)).empty());
}

TEST_CASE("contention: a random schedule is the same for a seed and starts off") {
  ContentionSpec spec;
  spec.schedule = RandomSchedule{.mean_on = 4.0, .mean_off = 3.0};
  CHECK(picture(contention_schedule(spec, 40, 1)) == ".#..#..#########..#...####.###....#..#.#");
  CHECK(contention_schedule(spec, 40, 1) != contention_schedule(spec, 40, 2));
  spec.schedule = RandomSchedule{};  // means of 1: every turn is one input long
  CHECK(picture(contention_schedule(spec, 5, 1)) == ".#.#.");
  spec.schedule = RandomSchedule{.mean_on = 1.0, .mean_off = 1e300};
  CHECK(picture(contention_schedule(spec, 5, 1)) == ".....");
}

TEST_CASE("contention: a random schedule keeps its means") {
  ContentionSpec spec;
  spec.schedule = RandomSchedule{.mean_on = 30.0, .mean_off = 10.0};
  const std::vector<bool> on = contention_schedule(spec, 1'000'000, 1);
  std::size_t turns_on = 0;
  for (std::size_t input = 1; input < on.size(); ++input)
    if (on[input] && !on[input - 1]) ++turns_on;
  const auto inputs_on = static_cast<double>(std::ranges::count(on, true));
  // Some 25000 turns: the mean's own deviation is 1/sqrt(25000) of it, 0.6%.
  CHECK(inputs_on / static_cast<double>(turns_on) == Approx(30.0).epsilon(0.03));
  CHECK((1e6 - inputs_on) / static_cast<double>(turns_on) == Approx(10.0).epsilon(0.03));
}
