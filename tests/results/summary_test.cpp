#include "results/summary.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/outcomes.hpp"

using namespace bench;
using alert::Task;
using nlohmann::ordered_json;
using test::in_time;
using test::late;

namespace {

/// Settings 0 to 2 minimize energy, 3 and 4 maximize accuracy within 1 J.
const std::vector<alert::Goal> grid = [] {
  const alert::Goal energy{.task = Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.5};
  const alert::Goal accuracy{.task = Task::maximize_accuracy, .deadline_s = 0.2, .energy_j = 1.0};
  return std::vector{energy, energy, energy, accuracy, accuracy};
}();

/// One input per cell.
Cell cell(const std::string& scheme, const std::string& environment, std::size_t setting,
          const Outcome& outcome) {
  return {scheme, environment, setting, test::tally_of(grid[setting], {outcome})};
}

SummaryInput hand_made() {
  SummaryInput input;
  input.name = "test";
  input.suite = "image";
  input.mode = Mode::replay;
  input.energy_source = EnergySource::simulated;
  input.environments = {"default", "memory"};
  input.schemes = {"alert", "static"};
  input.base_scheme = "static";
  input.grid = grid;
  input.cells = {
      // Energy: 1.1 / 1.0 and 2.4 / 2.0, then a setting that alert violates.
      cell("alert", "default", 0, in_time(1.1, 0.8)),
      cell("static", "default", 0, in_time(1.0, 0.8)),
      cell("alert", "default", 1, in_time(2.4, 0.8)),
      cell("static", "default", 1, in_time(2.0, 0.8)),
      cell("alert", "default", 2, late(0.5)),
      cell("static", "default", 2, in_time(3.0, 0.8)),
      // Error: 0.1 / 0.2, then a setting in which static uses too much energy.
      cell("alert", "default", 3, in_time(1.0, 0.9)),
      cell("static", "default", 3, in_time(1.0, 0.8)),
      cell("alert", "default", 4, in_time(1.0, 0.9)),
      cell("static", "default", 4, in_time(1.02, 0.99)),
      // Energy: 1 / 2 and 2 / 4, then a setting in which static's accuracy is too low.
      cell("alert", "memory", 0, in_time(1.0, 0.8)),
      cell("static", "memory", 0, in_time(2.0, 0.8)),
      cell("alert", "memory", 1, in_time(2.0, 0.8)),
      cell("static", "memory", 1, in_time(4.0, 0.8)),
      cell("alert", "memory", 2, in_time(3.0, 0.8)),
      cell("static", "memory", 2, in_time(1.0, 0.4)),
      // Error: nothing that both keep.
      cell("alert", "memory", 3, late(0.5)),
      cell("static", "memory", 3, in_time(0.5, 0.8)),
      cell("alert", "memory", 4, in_time(0.5, 0.8)),
      cell("static", "memory", 4, late(0.5)),
  };
  return input;
}

/// The one element of `list` of which all this is true.
ordered_json find(const ordered_json& list, const ordered_json& wanted) {
  std::vector<ordered_json> found;
  for (const auto& element : list) {
    bool same = true;
    for (const auto& [key, value] : wanted.items()) same = same && element.at(key) == value;
    if (same) found.push_back(element);
  }
  REQUIRE(found.size() == 1);
  return found[0];
}

ordered_json row(const ordered_json& summary, const std::string& scheme,
                 const std::string& environment, const std::string& task) {
  return find(summary.at("rows"),
              {{"scheme", scheme}, {"environment", environment}, {"task", task}});
}

ordered_json pair(const ordered_json& summary, const std::string& scheme,
                  const std::string& environment, const std::string& task) {
  return find(summary.at("pairs"),
              {{"scheme", scheme}, {"environment", environment}, {"task", task}});
}

}  // namespace

TEST_CASE("a row has the mean of the normalized metric over the settings that both keep") {
  const ordered_json summary = to_json(summarize(hand_made()));
  CHECK(summary.at("rows").size() == 8);

  // (1.1 / 1.0 + 2.4 / 2.0) / 2
  CHECK(row(summary, "alert", "default", "minimize-energy").dump() ==
        R"({"environment":"default","task":"minimize-energy","scheme":"alert","settings":3,)"
        R"("violated_settings":1,"mean_violation_rate":0.333333333,"compared_settings":2,)"
        R"("normalized_metric":1.15})");
  CHECK(row(summary, "static", "default", "minimize-energy").at("normalized_metric") == 1.0);
  CHECK(row(summary, "static", "default", "minimize-energy").at("compared_settings") == 3);

  // 0.1 / 0.2; the setting that static violates does not count.
  const auto accuracy = row(summary, "alert", "default", "maximize-accuracy");
  CHECK(accuracy.at("normalized_metric") == 0.5);
  CHECK(accuracy.at("compared_settings") == 1);
  CHECK(accuracy.at("violated_settings") == 0);
  CHECK(row(summary, "static", "default", "maximize-accuracy").at("violated_settings") == 1);

  CHECK(row(summary, "alert", "memory", "minimize-energy").at("normalized_metric") == 0.5);
  CHECK(row(summary, "static", "memory", "minimize-energy").at("violated_settings") == 1);
  CHECK(row(summary, "static", "memory", "minimize-energy").at("mean_violation_rate") ==
        0.333333333);
}

TEST_CASE("a row without a common setting says so") {
  const auto lonely = row(to_json(summarize(hand_made())), "alert", "memory", "maximize-accuracy");
  CHECK(lonely.at("normalized_metric").is_null());
  CHECK(lonely.at("reason") == "no setting that both keep");
  CHECK(lonely.at("compared_settings") == 0);
}

TEST_CASE("each pair of schemes is compared on the settings that both keep") {
  const ordered_json summary = to_json(summarize(hand_made()));
  CHECK(summary.at("pairs").size() == 8);
  CHECK(pair(summary, "alert", "default", "minimize-energy").dump() ==
        R"({"environment":"default","task":"minimize-energy","scheme":"alert",)"
        R"("versus":"static","settings_both_keep":2,"metric_ratio":1.15})");
  // (1 / 1.1 + 2 / 2.4) / 2
  CHECK(pair(summary, "static", "default", "minimize-energy").at("metric_ratio") == 0.871212121);
  const auto lonely = pair(summary, "static", "memory", "maximize-accuracy");
  CHECK(lonely.at("metric_ratio").is_null());
  CHECK(lonely.at("settings_both_keep") == 0);
  CHECK(lonely.at("reason") == "no setting that both keep");
}

TEST_CASE("the harmonic mean is over the rows that have a normalized metric") {
  const ordered_json overall = to_json(summarize(hand_made())).at("overall");
  CHECK(overall.size() == 4);
  // 2 / (1 / 1.15 + 1 / 0.5)
  CHECK(find(overall, {{"task", "minimize-energy"}, {"scheme", "alert"}}).dump() ==
        R"({"task":"minimize-energy","scheme":"alert","rows":2,"harmonic_mean":0.696969697})");
  const auto accuracy = find(overall, {{"task", "maximize-accuracy"}, {"scheme", "alert"}});
  CHECK(accuracy.at("rows") == 1);
  CHECK(accuracy.at("harmonic_mean") == 0.5);
}

TEST_CASE("without oracle-static there is nothing to normalize to, but pairs there are") {
  SummaryInput input = hand_made();
  input.base_scheme.reset();
  const ordered_json summary = to_json(summarize(input));
  CHECK(summary.at("base_scheme").is_null());
  CHECK(summary.at("overall").empty());
  const auto alone = row(summary, "alert", "default", "minimize-energy");
  CHECK(alone.at("normalized_metric").is_null());
  CHECK(alone.at("reason") == "oracle-static was not run");
  CHECK(pair(summary, "alert", "default", "minimize-energy").at("metric_ratio") == 1.15);
}

TEST_CASE("a summary has the grid and every cell") {
  const ordered_json summary = to_json(summarize(hand_made()));
  CHECK(summary.at("schema_version") == 1);
  CHECK(summary.at("name") == "test");
  CHECK(summary.at("suite") == "image");
  CHECK(summary.at("mode") == "replay");
  CHECK(summary.at("energy_source") == "simulated");
  CHECK(summary.at("grid").size() == grid.size());
  CHECK(summary.at("grid")[2].dump() ==
        R"({"setting":2,"task":"minimize-energy","deadline_s":0.1,"accuracy":0.5,)"
        R"("energy_j":null})");
  CHECK(summary.at("grid")[3].dump() ==
        R"({"setting":3,"task":"maximize-accuracy","deadline_s":0.2,"accuracy":null,)"
        R"("energy_j":1.0})");

  CHECK(summary.at("results").size() == 20);
  auto result = summary.at("results")[4];
  for (const char* percentile : {"p50_latency_s", "p95_latency_s", "p99_latency_s"}) {
    CHECK(result.at(percentile).get<double>() == Approx(0.01).epsilon(0.005));
    result.erase(percentile);
  }
  CHECK(result.dump() ==
        R"({"scheme":"alert","environment":"default","task":"minimize-energy","setting":2,)"
        R"("inputs":1,"lost":0,"violated":true,"mean_energy_j":0.5,"mean_energy_ci95_j":0.0,)"
        R"("mean_accuracy":0.1,"mean_error":0.9,"mean_correct":0.0,"deadline_miss_rate":1.0,)"
        R"("below_accuracy_goal_rate":1.0,"mean_latency_s":0.01,"mean_overrun_s":0.0})");
}

TEST_CASE("a stream whose every input was lost keeps nothing and has no means") {
  SummaryInput input = hand_made();
  input.cells[1].tally = {};
  input.cells[1].tally.lose();
  const ordered_json summary = to_json(summarize(input));
  const auto result = summary.at("results")[1];
  CHECK(result.at("inputs") == 0);
  CHECK(result.at("lost") == 1);
  CHECK(result.at("violated") == true);
  CHECK(result.at("mean_energy_j").is_null());
  CHECK(result.at("p99_latency_s").is_null());
  CHECK(result.at("reason") == "every input was lost");
  CHECK(row(summary, "static", "default", "minimize-energy").at("violated_settings") == 1);
  CHECK(row(summary, "static", "default", "minimize-energy").at("mean_violation_rate") ==
        0.333333333);
  CHECK(row(summary, "alert", "default", "minimize-energy").at("compared_settings") == 1);
  CHECK(to_json(read_summary(JsonValue::from(summary, "summary"))) == summary);
}

TEST_CASE("a summary says what a stream may miss") {
  CHECK(to_json(summarize(hand_made())).at("tolerances").dump() ==
        R"({"deadline_miss_rate":0.1,"below_accuracy_goal_rate":0.1,"energy_over_goal":1.01})");
}

TEST_CASE("a summary is read as it was written") {
  SummaryInput input = hand_made();
  for (const bool with_base : {true, false}) {
    if (!with_base) input.base_scheme.reset();
    const ordered_json written = to_json(summarize(input));
    CHECK(to_json(read_summary(JsonValue::from(written, "summary"))) == written);
  }
}

TEST_CASE("what no summary says is refused") {
  const nlohmann::json written = to_json(summarize(hand_made()));
  const auto error_with = [&](const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json document = written;
    document[nlohmann::json::json_pointer(pointer)] = value;
    try {
      read_summary(JsonValue::from(document, "summary"));
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(error_with("/results/0/mean_energy_j", -1) ==
        "summary: /results/0/mean_energy_j: must be at least 0, found -1");
  CHECK(error_with("/results/0/mean_accuracy", 5) ==
        "summary: /results/0/mean_accuracy: must lie in [0, 1], found 5");
  CHECK(error_with("/results/0/mean_energy_j", nullptr) ==
        "summary: /results/0: \"mean_energy_j\" is missing");
  CHECK(error_with("/results/0/violated", "no") ==
        "summary: /results/0/violated: must be true or false, found \"no\"");
  CHECK(error_with("/results/0/setting", 5) ==
        "summary: /results/0/setting: must be a whole number from 0 to 4, found 5");
  CHECK(error_with("/results/0/setting", 3) ==
        "summary: /results/0/task: is not the task of this setting in the grid");
  CHECK(error_with("/results/0/setting", 1) ==
        "summary: /results/2: this scheme, environment and setting stand twice");
  CHECK(error_with("/results/0/inputs", 0) ==
        "summary: /results/0/mean_energy_j: must be null: every input was lost");
  CHECK(error_with("/results", nlohmann::json::array()) == "summary: /results: must not be empty");
  CHECK(error_with("/grid/1/setting", 2) ==
        "summary: /grid/1/setting: must be 1: settings are numbered");
  CHECK(error_with("/rows/0/violated_settings", 4) ==
        "summary: /rows/0/violated_settings: must be a whole number from 0 to 3, found 4");
  CHECK(error_with("/pairs/0/metric_ratio", nullptr) ==
        "summary: /pairs/0: \"metric_ratio\" must be a number where \"settings_both_keep\" is "
        "above 0, else null");
  CHECK(error_with("/energy_source", "guessed")
            .starts_with("summary: /energy_source: unknown energy source \"guessed\""));
}
