#include "results/inference_log.hpp"

#include <sstream>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/profiles.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
namespace fs = std::filesystem;

namespace {

const alert::Profile profile = test::hand_made_profile();
const StreamKey key{"memory", 12, "alert"};
const alert::Goal energy_goal{
    .task = alert::Task::minimize_energy, .deadline_s = 0.05, .accuracy = 0.75};
const alert::Goal accuracy_goal{
    .task = alert::Task::maximize_accuracy, .deadline_s = 0.05, .energy_j = 1.5};

/// The second stage of the anytime DNN at 20 W, replayed, with an estimator.
Step replayed() {
  Step step;
  step.input = 0;
  step.group = {3, 2, 5};
  step.contention = true;
  step.deadline_s = 0.05;
  step.estimate = alert::Estimate{1.02, 0.1, 0.21};
  step.decision = {{test::any, 2, 1}, true, {0.79, 0.61, 0.0306, 0.0153, 1.0}, 0.0499};
  step.outcome = {.stage = 2,
                  .latency_s = 0.0300000000004,
                  .busy_s = 0.03,
                  .busy_energy_j = 0.6,
                  .energy_j = 0.66,
                  .idle_power_w = 3.0,
                  .period_s = 0.05,
                  .credited_accuracy = 0.8,
                  .correct = 0.9375,
                  .finished_stage = 2};
  step.stage_latency_s = {0.015, 0.0300000000004};
  return step;
}

/// The same in a live run, by a scheme without an estimator.
Step live() {
  Step step = replayed();
  step.estimate.reset();
  step.overhead_s = 1.1e-6;
  return step;
}

/// Nothing delivered, and no idle time left.
Step missed() {
  Step step = replayed();
  step.contention = false;
  step.outcome = {.stage = 0,
                  .latency_s = 0.06,
                  .busy_s = 0.06,
                  .overrun_s = 0.01,
                  .busy_energy_j = 1.2,
                  .energy_j = 1.2,
                  .idle_power_w = std::nullopt,
                  .period_s = 0.06,
                  .credited_accuracy = 0.1,
                  .correct = 0.0,
                  .finished_stage = 1};
  step.stage_latency_s = {0.06};
  return step;
}

std::string content(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

void write_log(const fs::path& file, const std::vector<Step>& steps, bool resume = false) {
  InferenceLog log(file, resume);
  for (const Step& step : steps) log.write(key, energy_goal, profile, step);
  log.flush();
}

std::string line_of(const alert::Goal& goal, const Step& step) {
  return to_json(key, goal, profile, step).dump();
}

}  // namespace

TEST_CASE("the line of a replayed input") {
  CHECK(line_of(energy_goal, replayed()) ==
        R"({"scheme":"alert","task":"minimize-energy","environment":"memory","setting":12,)"
        R"("input":0,"group":3,"group_position":2,)"
        R"("goal":{"deadline_s":0.05,"effective_deadline_s":0.0499,"accuracy":0.75,)"
        R"("energy_j":null},)"
        R"("decision":{"model":"any","stage":2,"cap_w":20.0,"feasible":true,)"
        R"("expected_accuracy":0.79,"expected_energy_j":0.61,"expected_latency_s":0.0306,)"
        R"("overhead_s":null,"overhead_reason":"replayed"},)"
        R"("estimator":{"xi_mean":1.02,"xi_variance":0.1,"idle_ratio":0.21},)"
        R"("outcome":{"stage":2,"finished_stage":2,"stage_latency_s":[0.015,0.03],)"
        R"("latency_s":0.03,"deadline_met":true,"busy_s":0.03,"overrun_s":0.0,"period_s":0.05,)"
        R"("busy_energy_j":0.6,"energy_j":0.66,)"
        R"("idle_power_w":3.0,"credited_accuracy":0.8,"correct":0.9375,"contention":true}})");
}

TEST_CASE("the line of a live input: a measured overhead, and here no estimator") {
  CHECK(line_of(accuracy_goal, live()) ==
        R"({"scheme":"alert","task":"maximize-accuracy","environment":"memory","setting":12,)"
        R"("input":0,"group":3,"group_position":2,)"
        R"("goal":{"deadline_s":0.05,"effective_deadline_s":0.0499,"accuracy":null,)"
        R"("energy_j":1.5},)"
        R"("decision":{"model":"any","stage":2,"cap_w":20.0,"feasible":true,)"
        R"("expected_accuracy":0.79,"expected_energy_j":0.61,"expected_latency_s":0.0306,)"
        R"("overhead_s":1.1e-06},)"
        R"("estimator":null,)"
        R"("outcome":{"stage":2,"finished_stage":2,"stage_latency_s":[0.015,0.03],)"
        R"("latency_s":0.03,"deadline_met":true,"busy_s":0.03,"overrun_s":0.0,"period_s":0.05,)"
        R"("busy_energy_j":0.6,"energy_j":0.66,)"
        R"("idle_power_w":3.0,"credited_accuracy":0.8,"correct":0.9375,"contention":true}})");
}

TEST_CASE("the line of an input that nothing was delivered for") {
  CHECK(line_of(energy_goal, missed()) ==
        R"({"scheme":"alert","task":"minimize-energy","environment":"memory","setting":12,)"
        R"("input":0,"group":3,"group_position":2,)"
        R"("goal":{"deadline_s":0.05,"effective_deadline_s":0.0499,"accuracy":0.75,)"
        R"("energy_j":null},)"
        R"("decision":{"model":"any","stage":2,"cap_w":20.0,"feasible":true,)"
        R"("expected_accuracy":0.79,"expected_energy_j":0.61,"expected_latency_s":0.0306,)"
        R"("overhead_s":null,"overhead_reason":"replayed"},)"
        R"("estimator":{"xi_mean":1.02,"xi_variance":0.1,"idle_ratio":0.21},)"
        R"("outcome":{"stage":0,"finished_stage":1,"stage_latency_s":[0.06],)"
        R"("latency_s":0.06,"deadline_met":false,)"
        R"("busy_s":0.06,"overrun_s":0.01,"period_s":0.06,"busy_energy_j":1.2,"energy_j":1.2,)"
        R"("idle_power_w":null,"credited_accuracy":0.1,"correct":0.0,"contention":false,)"
        R"("idle_power_reason":"no idle time"}})");
}

TEST_CASE("the line of an input that was lost") {
  Step step;
  step.input = 0;
  step.group = {3, 2, 5};
  step.lost = "a.ogg: silent";
  CHECK(line_of(energy_goal, step) ==
        R"({"scheme":"alert","task":"minimize-energy","environment":"memory","setting":12,)"
        R"("input":0,"group":3,"group_position":2,)"
        R"("goal":{"deadline_s":0.05,"effective_deadline_s":null,"accuracy":0.75,)"
        R"("energy_j":null},"decision":null,"estimator":null,"outcome":null,)"
        R"("lost":"a.ogg: silent"})");
  const test::TemporaryFolder folder;
  write_log(folder.path() / "inferences.jsonl", {step});
  const auto streams = read_inferences(folder.path() / "inferences.jsonl", profile);
  CHECK(streams.at(key).at(0).lost == "a.ogg: silent");
}

TEST_CASE("the line of an input whose windows were too short for the meter") {
  Step step = live();
  step.energy_coarse = true;
  CHECK_THAT(line_of(accuracy_goal, step),
             Catch::Matchers::EndsWith(R"("contention":true,"energy_coarse":true}})"));
}

TEST_CASE("a log gives back all that a stream learns from") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  Step second = missed();
  second.input = 1;
  InferenceLog log(file, false);
  log.write(key, energy_goal, profile, live());
  log.write({"memory", 12, "oracle"}, energy_goal, profile, replayed());
  log.write(key, energy_goal, profile, second);
  log.flush();

  const auto streams = read_inferences(file, profile);
  REQUIRE(streams.size() == 2);
  CHECK(streams.at({"memory", 12, "oracle"}).size() == 1);
  const auto& steps = streams.at(key);
  REQUIRE(steps.size() == 2);
  for (const auto& [read, written] : {std::pair{steps[0], live()}, std::pair{steps[1], second}}) {
    CHECK(read.input == written.input);
    CHECK(read.group.group == 3);
    CHECK(read.group.position == 2);
    CHECK(read.contention == written.contention);
    CHECK(read.decision.candidate == written.decision.candidate);
    CHECK(read.overhead_s == written.overhead_s);
    const Outcome &a = read.outcome, &b = written.outcome;
    CHECK(a.stage == b.stage);
    CHECK(a.finished_stage == b.finished_stage);
    CHECK(a.latency_s == Approx(b.latency_s));
    CHECK(a.busy_s == b.busy_s);
    CHECK(a.overrun_s == b.overrun_s);
    CHECK(a.period_s == b.period_s);
    CHECK(a.busy_energy_j == b.busy_energy_j);
    CHECK(a.energy_j == b.energy_j);
    CHECK(a.idle_power_w == b.idle_power_w);
    CHECK(a.credited_accuracy == b.credited_accuracy);
    CHECK(a.correct == b.correct);
  }
}

TEST_CASE("a resumed log goes on after its last whole line") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  Step second = replayed();
  second.input = 1;
  write_log(file, {replayed(), second});
  const std::string whole = content(file);

  for (const std::size_t cut : {std::size_t{1}, std::size_t{50}}) {
    fs::resize_file(file, whole.size() - cut);
    CHECK(read_inferences(file, profile).at(key).size() == 1);
    write_log(file, {second}, true);
    CHECK(content(file) == whole);
  }
  write_log(file, {replayed()});
  CHECK(content(file) == whole.substr(0, whole.find('\n') + 1));
  fs::resize_file(file, 10);  // not one whole line
  write_log(file, {replayed(), second}, true);
  CHECK(content(file) == whole);
  fs::remove(file);
  write_log(file, {replayed(), second}, true);
  CHECK(content(file) == whole);
}

TEST_CASE("a log that does not fit is refused by its line") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  const auto error_of = [&](const std::string& line) {
    folder.write("inferences.jsonl", line_of(energy_goal, replayed()) + '\n' + line + '\n');
    try {
      read_inferences(file, profile);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto error_with = [&](const std::string& pointer, const nlohmann::json& value) {
    Step step = replayed();
    step.input = 1;
    nlohmann::json line = to_json(key, energy_goal, profile, step);
    line[nlohmann::json::json_pointer(pointer)] = value;
    return error_of(line.dump());
  };
  const std::string place = file.string() + ":2: ";
  CHECK(error_with("/input", 1) == "no error");
  CHECK(error_with("/input", 2) == place + "/input: an input is missing before");
  CHECK(error_with("/input", 0) == place + "/input: an input is missing before");
  CHECK(error_with("/decision/model", "lagre") ==
        place + R"(/decision/model: unknown model "lagre" (did you mean "large"?); )"
                R"(allowed: "small", "large", "any")");
  CHECK(error_with("/decision/cap_w", 15) == place + "/decision/cap_w: no such cap in the profile");
  CHECK(error_with("/decision/stage", 4) ==
        place + "/decision/stage: must be a whole number from 1 to 3, found 4");
  CHECK(error_with("/outcome/finished_stage", 3) ==
        place + "/outcome/finished_stage: must be a whole number from 1 to 2, found 3");
  CHECK(error_with("/outcome/stage", 3) ==
        place + "/outcome/stage: must be a whole number from 0 to 2, found 3");
  CHECK(error_with("/outcome/energy_j", nullptr) ==
        place + R"(/outcome: "energy_reason" is missing)");
  CHECK(error_of("{") ==
        place +
            "not JSON: parse error at line 1, column 2: syntax error while parsing object key - "
            "unexpected end of input; expected string literal");
}

TEST_CASE("a log that cannot be written is told") {
  const test::TemporaryFolder folder;
  const fs::path nowhere = folder.path() / "none" / "inferences.jsonl";
  CHECK_THROWS_WITH(InferenceLog(nowhere, false),
                    nowhere.string() + ": cannot write: No such file or directory");
  const fs::path file = folder.path() / "inferences.jsonl";
  InferenceLog log(file, false);
  log.write(key, energy_goal, profile, replayed());
  const test::FullDisk full(100);
  CHECK_THROWS_WITH(log.flush(), file.string() + ": cannot write: File too large");
}

TEST_CASE("what no log says is refused by its line") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  const auto error_of = [&](const std::string& bytes) {
    std::ofstream(file) << bytes;
    try {
      count_inferences(file, profile);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string good = line_of(energy_goal, replayed());
  const auto error_with = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json line = nlohmann::json::parse(good);
    line[nlohmann::json::json_pointer(pointer)] = value;
    return error_of(line.dump() + "\n");
  };
  const std::string place = file.string() + ":1: ";
  CHECK(error_of(good + "\n") == "no error");
  CHECK(error_with("/task", nullptr) == place + "/: \"task\" is missing");
  CHECK(error_with("/task", "win").starts_with(place + "/task: unknown task \"win\""));
  CHECK(error_with("/goal", nullptr) == place + "/: \"goal\" is missing");
  CHECK(error_with("/outcome/deadline_met", nullptr) ==
        place + "/outcome: \"deadline_met\" is missing");
  CHECK(error_with("/outcome/deadline_met", false) ==
        place + "/outcome/deadline_met: must be true: stage 2 was delivered");
  CHECK(error_with("/outcome/stage_latency_s", nullptr) ==
        place + "/outcome: \"stage_latency_s\" is missing");
  CHECK(error_with("/outcome/stage_latency_s", {0.03}) ==
        place +
            "/outcome/stage_latency_s: must have 2 values, one for each stage that ran, found 1");
  CHECK(error_with("/outcome/stage_latency_s", {0.04, 0.03}) ==
        place + "/outcome/stage_latency_s: must ascend: it is cumulative");
  CHECK(error_with("/outcome/stage_latency_s", {0.01, 0.02}) ==
        place + "/outcome/busy_s: must be the end of stage 2, 0.02, found 0.03");
  CHECK(error_with("/outcome/stage_latency_s", {0.01, 1e300})
            .starts_with(place + "/outcome/stage_latency_s/1: must lie in"));
  CHECK(error_with("/outcome/latency_s", 0.01) ==
        place + "/outcome/latency_s: must be the end of stage 2, 0.03, found 0.01");
  CHECK(error_with("/input", 1) == place + "/input: an input is missing before");

  CHECK(error_of("garbage").ends_with(
      ": the last line is not whole: it was cut off, or this is no log"));
  CHECK(error_of(good + "\n" + good).find("the last line is not whole") != std::string::npos);
  CHECK(error_of("").ends_with(": the log is empty"));
}

TEST_CASE("a log is counted") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  Step second = missed();
  second.input = 1;
  write_log(file, {replayed(), second});
  const LogSize size = count_inferences(file, profile);
  CHECK(size.streams == 1);
  CHECK(size.inferences == 2);
}
