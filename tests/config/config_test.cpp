#include "config/config.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/profiles.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using nlohmann::json;

namespace {

/// The example of configs/README.md.
const std::string example = R"({
  "schema_version": 1,
  "name": "image-emulated",
  "mode": "replay",
  "suite": "models/image",
  "platform": "configs/platforms/emulated-laptop.json",
  "inputs": {"count": 300, "burst": 16, "seed": 1, "warmup": 20},
  "environments": [
    {"name": "default"},
    {"name": "memory", "contention": {"workload": "memory", "workers": 2, "nice": 0,
                                      "schedule": {"windows": [[46, 119], [180, 240]]}}},
    {"name": "compute", "contention": {"workload": "compute", "workers": 2,
                                       "schedule": {"random": {"mean_on": 40, "mean_off": 40}}}}
  ],
  "goals": [
    {"task": "minimize-energy", "deadline_scale": [0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0],
     "accuracy": {"levels": 5}},
    {"task": "maximize-accuracy", "deadline_scale": [0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0],
     "energy": {"levels": 5}}
  ],
  "schemes": ["alert", "app-only", "sys-only", "no-coord", "oracle-static", "oracle"]
})";

Config read(const json& document, const ConfigOverrides& overrides = {}) {
  const test::TemporaryFolder folder;
  return read_config(folder.write("c.json", document.dump()), overrides);
}

/// What is said of the document, without the file's name.
std::string error_of(const json& document, const ConfigOverrides& overrides = {}) {
  try {
    read(document, overrides);
  } catch (const InputError& error) {
    const std::string text = error.what();
    const auto file = text.find("c.json: ");
    return file == std::string::npos ? text : text.substr(file + 8);
  }
  return "no error";
}

/// The example with `value` at `pointer`.
json with(const std::string& pointer, const json& value) {
  json document = json::parse(example);
  document[json::json_pointer(pointer)] = value;
  return document;
}

/// A config of a simulated platform.
json simulated() {
  const std::filesystem::path source = SOURCE_DIR;
  json document = JsonValue::read(source / "configs" / "simulated-laptop.json").raw();
  document["simulate"]["platform"] =
      (source / "configs" / "platforms" / "simulated-laptop.json").string();
  return document;
}

std::string error_with(const std::string& pointer, const std::string& value) {
  return error_of(with(pointer, json::parse(value)));
}

std::string error_with_set(const std::string& assignment) {
  return error_of(json::parse(example), {{assignment}, {}, {}});
}

}  // namespace

TEST_CASE("the example of configs/README.md is a config") {
  const Config config = read(json::parse(example));
  CHECK(config.name == "image-emulated");
  CHECK(config.mode == Mode::replay);
  CHECK(config.suite == "models/image");
  CHECK(config.platform == "configs/platforms/emulated-laptop.json");
  CHECK(config.profile.empty());
  CHECK_FALSE(config.simulate.has_value());
  CHECK(config.inputs.count == 300);
  CHECK(config.inputs.burst == 16);

  REQUIRE(config.environments.size() == 3);
  CHECK(config.environments[0].name == "default");
  CHECK_FALSE(config.environments[0].contention.has_value());
  REQUIRE(config.environments[2].contention.has_value());
  CHECK(config.environments[2].contention->workload == Workload::compute);

  REQUIRE(config.goals.size() == 2);
  CHECK(config.goals[0].task == alert::Task::minimize_energy);
  CHECK(config.goals[0].deadlines_are_scales);
  CHECK(config.goals[0].deadlines == std::vector{0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0});
  CHECK(std::get<std::size_t>(config.goals[0].levels) == 5);
  CHECK(config.goals[1].task == alert::Task::maximize_accuracy);

  REQUIRE(config.schemes.size() == 6);
  CHECK(config.schemes[4].scheme == "oracle-static");
  CHECK(config.schemes[4].name == "oracle-static");
  CHECK(config.document == json::parse(example));
}

TEST_CASE("what a config leaves out has a default") {
  const Config config = read(with("/inputs", {{"count", 7}}));
  CHECK(config.inputs.burst == 1);
  CHECK(config.inputs.seed == 1);
  CHECK(config.inputs.warmup == 20);
  CHECK(config.inputs.profile == 20);
  CHECK(config.inputs.idle_gap_s == 0.01);
  CHECK(config.inputs.group_min == 1);
  CHECK(config.inputs.group_max == 1);
  CHECK(config.log_inferences);
  CHECK_FALSE(config.goals[0].deadline_confidence.has_value());
  CHECK(config.goals[0].on_infeasible == alert::OnInfeasible::accuracy);
}

TEST_CASE("goals may be written out") {
  const Config config = read(with("/goals", json::parse(R"([
      {"task": "maximize-accuracy", "deadline_s": [0.1, 0.2], "energy": [1.5],
       "deadline_confidence": 0.95, "on_infeasible": "energy"}])")));
  const GoalSpec& goal = config.goals[0];
  CHECK_FALSE(goal.deadlines_are_scales);
  CHECK(goal.deadlines == std::vector{0.1, 0.2});
  CHECK(std::get<std::vector<double>>(goal.levels) == std::vector{1.5});
  CHECK(goal.deadline_confidence == 0.95);
  CHECK(goal.on_infeasible == alert::OnInfeasible::energy);
}

TEST_CASE("a scheme may have a name and settings of its own") {
  const Config config = read(with("/schemes", json::parse(R"([
      "alert", {"scheme": "alert", "name": "alert-q0.01", "mu_0": 1.25}])")));
  const SchemeSpec& spec = config.schemes[1];
  CHECK(spec.scheme == "alert");
  CHECK(spec.name == "alert-q0.01");
  CHECK(spec.make(test::hand_made_profile(), {})->estimate()->xi_mean == 1.25);
}

TEST_CASE("an error names the place, what was found and what is allowed") {
  CHECK(error_with("/schemes/1", R"("app_only")") ==
        R"(/schemes/1: unknown scheme "app_only" (did you mean "app-only"?); allowed: "alert", )"
        R"("alert-any", "alert-trad", "alert-mean", "alert-plus", "app-only", "sys-only", )"
        R"("no-coord", "linucb", "caloree", )"
        R"("oracle-static", "oracle-regime", "oracle", "oracle-clairvoyant")");
  CHECK(error_with("/inputs/cuont", "3") ==
        R"(/inputs/cuont: unknown key "cuont" (did you mean "count"?); allowed: "count", )"
        R"("burst", "seed", "warmup", "profile", "idle_gap_s", "group_size")");
  CHECK(error_with("/mode", R"("live")") ==
        R"(/schemes/4: "oracle-static" needs to know what every candidate would have done: )"
        R"(set "mode" to "replay")");
  CHECK(error_with("/schema_version", "2") ==
        "/schema_version: this program reads version 1, found 2");
  CHECK(error_with("/suite", "null") == "/suite: must not be null: leave it out");
  CHECK(error_of(json::array()) == "/: must be an object, found []");
}

TEST_CASE("a live run is logged") {
  json document = with("/schemes", {"alert"});
  document["log_inferences"] = false;
  CHECK_FALSE(read(document).log_inferences);
  document["mode"] = "live";
  CHECK(error_of(document) ==
        "/log_inferences: a live run is logged: --resume goes on from its log");
}

TEST_CASE("names are unique, and an environment's can name a file") {
  CHECK(error_with("/schemes", R"(["alert", {"scheme": "alert", "Q_0": 1}])") ==
        R"(/schemes/1: the name "alert" stands twice)");
  CHECK(error_with("/environments/1/name", R"("default")") ==
        R"(/environments/1: the name "default" stands twice)");
  CHECK(error_with("/environments/0/name", R"("../x")") ==
        "/environments/0/name: must be 1 to 100 letters, digits, - and _: it names a file");
  CHECK(error_with("/environments/0/name", R"("")") ==
        "/environments/0/name: must be 1 to 100 letters, digits, - and _: it names a file");
}

TEST_CASE("a list that must not be empty") {
  for (const std::string pointer :
       {"/schemes", "/environments", "/goals", "/goals/0/deadline_scale", "/goals/0/accuracy"})
    CHECK(error_with(pointer, "[]") == pointer + ": must not be empty");
}

TEST_CASE("a goal has the keys of its task") {
  CHECK(error_with("/goals/0/energy", "[1]") ==
        "/goals/0/energy: belongs to the task maximize-accuracy");
  CHECK(error_with("/goals/1/accuracy", "[1]") ==
        "/goals/1/accuracy: belongs to the task minimize-energy");
  CHECK(error_with("/goals/0/accuracy", "null") ==
        "/goals/0/accuracy: must not be null: leave it out");
  CHECK(error_with("/goals/0/accuracy", "[0.5, 1.5]") ==
        "/goals/0/accuracy/1: must lie in [0, 1], found 1.5");
  CHECK(error_with("/goals/0/accuracy", "0.5") ==
        R"(/goals/0/accuracy: must be a list of values, or {"levels": N})");
  CHECK(error_with("/goals/0/accuracy/levels", "0") ==
        "/goals/0/accuracy/levels: must be a whole number from 1 to 1000, found 0");
  const std::string either = R"(/goals/0: needs either "deadline_scale" or "deadline_s")";
  CHECK(error_with("/goals/0/deadline_s", "[1]") == either);
  CHECK(error_with("/goals/0/deadline_scale", "null") ==
        "/goals/0/deadline_scale: must not be null: leave it out");
  CHECK(error_with("/goals/0/deadline_scale/2", "0") ==
        "/goals/0/deadline_scale/2: must lie in [1e-09, 1000000000], found 0");
  CHECK(error_with("/goals/0/on_infeasible", R"("latency")") ==
        R"(/goals/0/on_infeasible: unknown rule "latency"; allowed: "accuracy", "energy")");
}

TEST_CASE("group_size is a range") {
  const Config config = read(with("/inputs/group_size", {2, 5}));
  CHECK(config.inputs.group_min == 2);
  CHECK(config.inputs.group_max == 5);
  CHECK(error_with("/inputs/group_size", "[2]") ==
        "/inputs/group_size: must be [least, most] inputs that share a deadline");
  CHECK(error_with("/inputs/group_size", "[5, 2]") ==
        "/inputs/group_size/1: must be a whole number from 5 to 10000, found 2");
  CHECK(error_with("/inputs/group_size", "[0, 2]") ==
        "/inputs/group_size/0: must be a whole number from 1 to 10000, found 0");
}

TEST_CASE("filters whose gain would be 0/0 are refused") {
  CHECK(error_with("/schemes/0", R"({"scheme": "alert", "R": 0, "Q_0": 0})") ==
        "/schemes/0: R and Q_0 must not both be 0: the filter's gain would be 0/0");
  CHECK(error_with("/schemes/0", R"({"scheme": "alert", "S": 0, "V": 0})") ==
        "/schemes/0: S and V must not both be 0: the filter's gain would be 0/0");
}

TEST_CASE("a simulated platform needs no suite, and cannot run live") {
  json document =
      with("/simulate",
           {{"platform", SOURCE_DIR "/configs/platforms/simulated-laptop.json"},
            {"suite", "made-up"},
            {"q_fail", 0.1},
            {"models",
             {{{"name", "m"}, {"kind", "traditional"}, {"accuracy", {0.9}}, {"gflop", {1}}}}}});
  document["environments"] = {{{"name", "default"}}};
  document.erase("suite");
  document.erase("platform");
  document["inputs"] = {{"count", 3}};
  CHECK(read(document).simulate->suite == "made-up");

  json programs = document;
  programs["environments"][0]["contention"] = {
      {"workload", "stress-ng"}, {"arguments", {"--cpu"}}, {"schedule", {{"windows", {{1, 2}}}}}};
  CHECK(error_of(programs) ==
        "/environments/0/contention/workload: a simulated platform describes \"memory\" and "
        "\"compute\" only, found \"stress-ng\"");
  json unknown = document;
  unknown["simulate"]["q_fail"] = 2;
  CHECK(error_of(unknown) == "/simulate/q_fail: must lie in [0, 1], found 2");

  document["mode"] = "live";
  document["schemes"] = {"alert"};
  CHECK(error_of(document) ==
        R"(/mode: a simulated platform cannot run live: set "mode" to "replay")");
}

TEST_CASE("what a simulated platform is not or does not go by is refused") {
  const auto error = [](const std::string& pointer, const json& value) {
    json document = simulated();
    document[json::json_pointer(pointer)] = value;
    return error_of(document);
  };
  for (const std::string key : {"/suite", "/platform"})
    CHECK(error(key, "x") ==
          key + ": a simulated platform does not go by this: \"simulate\" describes it");
  for (const std::string key : {"/inputs/warmup", "/inputs/profile", "/inputs/idle_gap_s"})
    CHECK(error(key, 2) == key + ": a simulated platform does not go by this: nothing is measured");
  CHECK(error("/simulate/nonsense", true).starts_with("/simulate/nonsense: unknown key"));
  CHECK(error("/simulate/platform", "nowhere.json").find("nowhere.json") != std::string::npos);
  CHECK(error("/environments/0/contention", {{"workload", "stress-ng"},
                                             {"arguments", {"--cpu", "1"}},
                                             {"schedule", {{"windows", {{1, 2}}}}}})
            .starts_with("/environments/0/contention/workload: a simulated platform describes"));
}

TEST_CASE("an override of what the command does not go by is refused") {
  const std::vector<std::string> used = {"schema_version", "name", "mode", "goals", "schemes"};
  const Config config = read(json::parse(example), {{"name=other"}, {"alert"}, {}, used});
  CHECK(config.name == "other");
  std::vector<std::string> keys;
  for (const auto& [key, value] : config.document.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"goals", "mode", "name", "schema_version", "schemes"});
  CHECK_THROWS_WITH(
      read(json::parse(example), {{"inputs.count=5"}, {}, {}, used}),
      "--set inputs.count=5: this command does not go by \"inputs\" of a config, only "
      "by schema_version, name, mode, goals, schemes");
  CHECK_THROWS_WITH(read(json::parse(example), {{"inputs={}"}, {}, {}, used}),
                    Catch::Matchers::Contains("does not go by \"inputs\""));
  CHECK_THROWS_WITH(read(json::parse(example), {{}, {}, 7, used}),
                    Catch::Matchers::StartsWith("--seed: this command does not go by \"inputs\""));
}

TEST_CASE("a schema may be named at the top, and only there") {
  CHECK_NOTHROW(read(with("/$schema", "../configs/schema/config.schema.json")));
  CHECK(error_with("/$schema", "7").starts_with("/$schema: unknown key"));
  CHECK(error_with("/inputs/$schema", R"("x")").starts_with("/inputs/$schema: unknown key"));
}

TEST_CASE("the command line overrides the config, and the document shows it") {
  const Config config =
      read(json::parse(example),
           {{"inputs.count=50", "name=other", "goals.0.accuracy=[0.5]", "profile=p.json"},
            {"alert", "oracle"},
            99});
  CHECK(config.inputs.count == 50);
  CHECK(config.name == "other");
  CHECK(std::get<std::vector<double>>(config.goals[0].levels) == std::vector{0.5});
  CHECK(config.profile == "p.json");
  CHECK(config.inputs.seed == 99);
  REQUIRE(config.schemes.size() == 2);
  CHECK(config.schemes[1].name == "oracle");
  CHECK(config.document["inputs"]["seed"] == 99);
  CHECK(config.document["schemes"] == json{"alert", "oracle"});
  CHECK(config.document["name"] == "other");
}

TEST_CASE("an override that has no place is refused") {
  const std::string form = ": must be KEY=VALUE, as in inputs.count=50";
  CHECK(error_with_set("inputs.count") == "--set inputs.count" + form);
  CHECK(error_with_set("=3") == "--set =3" + form);
  CHECK(error_with_set("name.x=3") == "--set name.x=3: the config has no place /name/x");
  CHECK(error_with_set("goals.9.task=x") ==
        "--set goals.9.task=x: the config has no place /goals/9/task");
  CHECK(error_with_set("schemes.6=alert") ==
        "--set schemes.6=alert: the config has no place /schemes/6");
  CHECK(error_with_set("schemes.99999999999=alert") ==
        "--set schemes.99999999999=alert: the config has no place /schemes/99999999999");
  CHECK(error_with_set("goals.x.task=y") ==
        "--set goals.x.task=y: the config has no place /goals/x/task");
  CHECK(error_with_set("a~b=1") == "--set a~b=1: the config has no place /a~b");
  CHECK(error_with_set("inputs.count=many") ==
        "/inputs/count: must be a whole number from 1 to 10000000, found \"many\"");
  CHECK(error_with_set("inputs.cuont=3").starts_with("/inputs/cuont: unknown key"));
  CHECK(error_of(json::array(), {{}, {}, 1}) ==
        "--set inputs.seed=1: the config has no place /inputs/seed");
  CHECK(error_of(3, {{}, {"alert"}, {}}) ==
        R"(--set schemes=["alert"]: the config has no place /schemes)");
}
