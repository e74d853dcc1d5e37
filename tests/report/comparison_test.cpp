#include "report/comparison.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
using nlohmann::json;

namespace {

struct Values {
  double energy_j = 1.0, error = 0.2;
  bool violated = false;
  double late = 0.0;
  std::size_t inputs = 30, lost = 0;
  alert::Task task = alert::Task::minimize_energy;
};

Result cell(const std::string& scheme, std::size_t setting, const Values& values) {
  Result result{scheme, "default", values.task, setting, {}};
  const auto set = [&](std::string_view key, double value) {
    result.values[static_cast<std::size_t>(std::ranges::find(metrics, key, &Metric::key) -
                                           metrics.begin())] = value;
  };
  set("inputs", static_cast<double>(values.inputs));
  set("lost", static_cast<double>(values.lost));
  set("violated", values.violated ? 1.0 : 0.0);
  if (values.inputs == 0) return result;
  set("mean_energy_j", values.energy_j);
  set("mean_error", values.error);
  set("deadline_miss_rate", values.late);
  return result;
}

ComparedResults results(std::vector<Result> cells, const std::string& folder = "base") {
  ComparedResults side{folder, {}, "laptop", ""};
  side.summary.suite = "image";
  side.summary.mode = Mode::replay;
  side.summary.grid.resize(2);
  side.summary.results = std::move(cells);
  return side;
}

std::vector<Gate> gates(const std::vector<std::string>& texts) {
  std::vector<Gate> parsed;
  for (const auto& text : texts) parsed.push_back(parse_gate(text));
  return parsed;
}

const ComparedResults base =
    results({cell("alert", 0, {1.0, 0.2}), cell("alert", 1, {2.0, 0.2, true})});

std::size_t index_of(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(metrics, name, &Metric::name) -
                                  metrics.begin());
}
double change_of(const RowChange& row, std::string_view name) { return row.change[index_of(name)]; }

/// The only row of base against one with these cells.
RowChange change(std::vector<Result> cells, const std::vector<std::string>& gate_texts = {}) {
  const Comparison comparison = compare(base, results(std::move(cells)), gates(gate_texts));
  REQUIRE(comparison.rows.size() == 1);
  CHECK(comparison.gates_hold() == comparison.rows[0].failed_gates.empty());
  return comparison.rows[0];
}

std::string refusal(const ComparedResults& candidate, const std::vector<std::string>& allowed = {},
                    const ComparedResults& against = base) {
  try {
    compare(against, candidate, gates({"energy=2%"}), allowed);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a gate is read") {
  const Gate energy = parse_gate("energy=2%");
  CHECK(energy.metric->key == "mean_energy_j");
  CHECK(energy.limit == Approx(0.02));
  CHECK(energy.text == "energy=2%");
  CHECK(parse_gate("error=0.5%").metric->key == "mean_error");
  CHECK(parse_gate("error=0.5%").limit == Approx(0.005));
  CHECK(parse_gate("late=3%").metric->key == "deadline_miss_rate");
  CHECK(parse_gate("late=3%").limit == Approx(0.03));
  CHECK(parse_gate("violations=3").metric->key == "violated");
  CHECK(parse_gate("violations=3").limit == 3.0);
  CHECK(parse_gate("lost=1").metric->key == "lost");
}

TEST_CASE("a gate that is wrong is refused") {
  const auto error_of = [](const std::string& text) {
    try {
      parse_gate(text);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto refused = [](const std::string& text, const std::string& why) {
    return "--gate " + text + ": " + why + "; as in energy=2%, late=1% or lost=0";
  };
  CHECK(error_of("energy") == refused("energy", "must be METRIC=LIMIT"));
  CHECK(error_of("enrgy=1%") ==
        refused("enrgy=1%", R"(unknown metric "enrgy" (did you mean "energy"?); )"
                            "allowed: lost, unmetered, violations, energy, error, late"));
  CHECK(error_of("energy=2") == refused("energy=2", "the limit must be in %"));
  CHECK(error_of("violations=2%") == refused("violations=2%", "a number of settings has no %"));
  CHECK(error_of("lost=2%") == refused("lost=2%", "a number of inputs has no %"));
  CHECK(error_of("late=2") == refused("late=2", "the limit must be in %"));
  CHECK(error_of("energy=x%") == refused("energy=x%", "the limit must be a number"));
  CHECK(error_of("energy=%") == refused("energy=%", "the limit must be a number"));
  for (const std::string text : {"energy=2x%", "energy=-1%", "energy=nan%", "energy=inf%"})
    CHECK(error_of(text) == refused(text, "the limit must be a number, at least 0"));
}

TEST_CASE("a row's change is the mean over its settings of the relative changes") {
  const RowChange row =
      change({cell("alert", 0, {1.1, 0.1, true}), cell("alert", 1, {2.6, 0.3, true})});
  CHECK(row.scheme == "alert");
  CHECK(row.settings == 2);
  CHECK(change_of(row, "energy") == Approx((0.1 + 0.3) / 2));
  CHECK(change_of(row, "error") == Approx((-0.5 + 0.5) / 2).margin(1e-12));
  CHECK(row.base[index_of("violations")] == 1);
  CHECK(row.candidate[index_of("violations")] == 2);
  CHECK(row.changed());
  CHECK_FALSE(change({cell("alert", 0, {1.0, 0.2}), cell("alert", 1, {2.0, 0.2, true})}).changed());
}

TEST_CASE("late inputs are a change in points, and gated in them") {
  const std::vector<Result> later{cell("alert", 0, {1.0, 0.2, false, 0.1}),
                                  cell("alert", 1, {2.0, 0.2, true, 0.02})};
  const RowChange row = change(later, {"energy=0%", "error=0%", "violations=0"});
  CHECK(change_of(row, "late") == Approx(0.06));
  CHECK(row.changed());
  CHECK(row.failed_gates.empty());
  CHECK(change(later, {"late=6%"}).failed_gates.empty());
  CHECK(change(later, {"late=5%"}).failed_gates ==
        std::vector<std::string>{"late=5%: +6.00 points"});
}

TEST_CASE("a gate holds at its very limit and fails above it") {
  for (const std::string limit : {"0.7", "2", "3", "10"}) {
    CAPTURE(limit);
    const double factor = 1.0 + std::stod(limit) / 100.0;
    const std::vector<std::string> gate{"energy=" + limit + "%", "error=" + limit + "%"};
    CHECK(change({cell("alert", 0, {factor, 0.2 * factor}),
                  cell("alert", 1, {2.0 * factor, 0.2 * factor})},
                 gate)
              .failed_gates.empty());
    CHECK(change({cell("alert", 0, {factor + 1e-6, 0.2}), cell("alert", 1, {2.0 * factor, 0.2})},
                 gate)
              .failed_gates.size() == 1);
  }
  CHECK(change({cell("alert", 0, {1.03, 0.2}), cell("alert", 1, {2.06, 0.2})}, {"energy=2%"})
            .failed_gates == std::vector<std::string>{"energy=2%: +3.00%"});
  CHECK(change({cell("alert", 0, {0.5, 0.1}), cell("alert", 1, {1.0, 0.1})},
               {"energy=0%", "error=0%"})
            .failed_gates.empty());
}

TEST_CASE("violations are counted against the base's") {
  const std::vector<Result> both{cell("alert", 0, {1.0, 0.2, true}),
                                 cell("alert", 1, {2.0, 0.2, true})};
  CHECK(change(both, {"violations=1"}).failed_gates.empty());
  CHECK(change(both, {"violations=0"}).failed_gates ==
        std::vector<std::string>{"violations=0: 1 more violated settings"});
}

TEST_CASE("lost inputs fail every gate unless it is said how many may be lost") {
  const std::vector<Result> lost{cell("alert", 0, {1.0, 0.2, false, 0.0, 21, 9}),
                                 cell("alert", 1, {2.0, 0.2, true})};
  CHECK(change(lost).failed_gates.empty());  // no gate, no failure
  CHECK(change(lost).changed());
  CHECK(change(lost, {"energy=2%"}).failed_gates ==
        std::vector<std::string>{"lost=0: 9 more lost inputs"});
  CHECK(change(lost, {"energy=2%", "lost=9"}).failed_gates.empty());
  CHECK(change(lost, {"lost=8"}).failed_gates ==
        std::vector<std::string>{"lost=8: 9 more lost inputs"});
  // As many as before are no news.
  const ComparedResults before = results(lost);
  CHECK(compare(before, before, gates({"energy=2%"})).gates_hold());
}

TEST_CASE("a setting whose every input was lost fails the gates on its means") {
  const RowChange row =
      change({cell("alert", 0, {1.0, 0.2, true, 0.0, 0, 30}), cell("alert", 1, {2.0, 0.2, true})},
             {"energy=2%", "lost=30"});
  CHECK(row.failed_gates == std::vector<std::string>{"energy=2%: +inf%"});
}

TEST_CASE("settings that are missing fail whatever is gated") {
  CHECK(change({cell("alert", 0, {1.0, 0.2})}, {"violations=0"}).failed_gates ==
        std::vector<std::string>{"1 of 2 settings are missing"});
  CHECK(change({cell("alert", 0, {1.0, 0.2})}).changed());
}

TEST_CASE("an error that was 0 and no longer is fails every gate on it") {
  const Comparison comparison =
      compare(results({cell("alert", 0, {1.0, 0.0})}), results({cell("alert", 0, {1.0, 0.1})}),
              gates({"error=100%"}));
  CHECK_FALSE(comparison.gates_hold());
  const json document = json::parse(render(comparison, ComparisonFormat::json));
  CHECK(document.at("rows")[0].at("error_change").is_null());
}

TEST_CASE("a row that is missing fails every gate, a new one none") {
  const Comparison comparison =
      compare(base, results({cell("oracle", 0, {9.0, 0.9, true})}), gates({"energy=1%"}));
  REQUIRE(comparison.rows.size() == 2);
  CHECK(comparison.rows[0].scheme == "alert");
  CHECK_FALSE(comparison.rows[0].in_candidate);
  CHECK(comparison.rows[0].failed_gates ==
        std::vector<std::string>{"energy=1%: the row is missing", "lost=0: the row is missing"});
  CHECK(comparison.rows[1].scheme == "oracle");
  CHECK_FALSE(comparison.rows[1].in_base);
  CHECK(comparison.rows[1].failed_gates.empty());
  CHECK_FALSE(comparison.gates_hold());
}

TEST_CASE("what cannot be compared is not gated unless that is allowed") {
  const auto refused = [](const std::string& what, const std::string& values) {
    return "these results cannot be gated against each other: " + what + ": " + values +
           "; --allow-different " + what + " does so all the same";
  };
  ComparedResults other = base;
  other.summary.suite = "speech";
  CHECK(refusal(other) == refused("suite", "image against speech"));
  CHECK(refusal(other, {"suite"}) == "no error");
  CHECK(refusal(other, {"platform"}) == refused("suite", "image against speech"));

  other = base;
  other.platform = "server";
  CHECK(refusal(other) == refused("platform", "laptop against server"));
  other.platform.reset();
  CHECK(refusal(other) == refused("platform", "laptop against unknown"));

  other = base;
  other.summary.energy_source = EnergySource::measured;
  CHECK(refusal(other) == refused("energy-source", "emulated against measured"));

  other = base;
  other.summary.mode = Mode::live;
  CHECK(refusal(other) == refused("mode", "replay against live"));

  CHECK(refusal(results({cell("alert", 0, {1.0, 0.2, false, 0.0, 5}),
                         cell("alert", 1, {2.0, 0.2, true, 0.0, 5})})) ==
        refused("inputs", "30 in default against 5 in default"));
  // An input that was lost was an input all the same.
  CHECK(refusal(results({cell("alert", 0, {1.0, 0.2, false, 0.0, 5, 25}),
                         cell("alert", 1, {2.0, 0.2, true, 0.0, 5, 25})})) == "no error");

  other = base;
  other.summary.grid[1].deadline_s = 0.5;
  CHECK(refusal(other) == refused("goals",
                                  "2 settings, deadlines from 0 to 0 s against 2 settings, "
                                  "deadlines from 0 to 0.5 s"));
  CHECK(refusal(other, {"goals"}) == "no error");
}

TEST_CASE("an unfinished result is never gated") {
  ComparedResults other = base;
  other.unfinished = "manifest.json: /status: must be \"complete\", found \"failed\"";
  CHECK(refusal(other, difference_names()) == other.unfinished);
  CHECK(refusal(base, difference_names(), other) == other.unfinished);
}

TEST_CASE("without a gate each difference stands above the table") {
  ComparedResults other = base;
  other.summary.suite = "speech";
  other.unfinished = "why";
  const Comparison comparison = compare(base, other, {});
  for (const auto format : {ComparisonFormat::terminal, ComparisonFormat::markdown})
    CHECK_THAT(
        render(comparison, format),
        Catch::Matchers::StartsWith("DIFFERENT suite: image against speech\nUNFINISHED why\n\n"));
  const json document = json::parse(render(comparison, ComparisonFormat::json));
  CHECK(document.at("differences") ==
        json::parse(R"([{"what": "suite", "base": "image", "candidate": "speech"}])"));
  CHECK(document.at("unfinished") == json::parse(R"(["why"])"));
  CHECK_THAT(render(comparison, ComparisonFormat::junit),
             Catch::Matchers::Contains(
                 R"(    <property name="different suite" value="image against speech"/>)"));
}

TEST_CASE("a comparison in each format") {
  const auto limits = gates({"energy=2%", "violations=0", "lost=1"});
  const Values most_accurate{.task = alert::Task::maximize_accuracy};
  Values halved = most_accurate;
  halved.error = 0.1;
  const Comparison comparison =
      compare(results({cell("alert", 0, {}), cell("a<b>&\"c\"", 0, {}),
                       cell("alert", 1, most_accurate), cell("gone", 0, {})}),
              results({cell("alert", 0, {1.03, 0.2, true}),
                       cell("a<b>&\"c\"", 0, {1.0, 0.2, false, 0.0, 29, 1}),
                       cell("alert", 1, halved), cell("new", 0, {})}),
              limits);

  CHECK(render(comparison, ComparisonFormat::junit) ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="alert-bench compare energy=2% violations=0 lost=1" tests="5" failures="2">
  <testcase classname="minimize-energy.default" name="alert">
    <failure message="energy=2%: +3.00%; violations=0: 1 more violated settings"/>
  </testcase>
  <testcase classname="minimize-energy.default" name="a&lt;b&gt;&amp;&quot;c&quot;"/>
  <testcase classname="minimize-energy.default" name="gone">
    <failure message="energy=2%: the row is missing; violations=0: the row is missing; lost=1: the row is missing"/>
  </testcase>
  <testcase classname="maximize-accuracy.default" name="alert"/>
  <testcase classname="minimize-energy.default" name="new"/>
</testsuite>
)");

  CHECK(render(comparison, ComparisonFormat::markdown) ==
        R"(### candidate against base

| scheme | task | environment | lost | violated settings | energy | error | late | verdict |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| alert | minimize-energy | default | 0 -\> 0 | 0 -\> 1 | +3.00% | +0.00% | +0.00 | FAILED energy=2%: +3.00%; violations=0: 1 more violated settings |
| a\<b\>\&"c" | minimize-energy | default | 0 -\> 1 | 0 -\> 0 | +0.00% | +0.00% | +0.00 | changed |
| gone | minimize-energy | default | – | – | – | – | – | FAILED energy=2%: the row is missing; violations=0: the row is missing; lost=1: the row is missing |
| alert | maximize-accuracy | default | 0 -\> 0 | 0 -\> 0 | +0.00% | -50.00% | +0.00 | changed |
| new | minimize-energy | default | – | – | – | – | – | new |

energy, error: change of the mean; late: change of the share of late inputs, in points; all averaged over the settings. lost: inputs without an answer, which nothing else counts.
)");

  const json document = json::parse(render(comparison, ComparisonFormat::json));
  CHECK(document.at("schema_version") == 1);
  CHECK(document.at("gates_hold") == false);
  CHECK(document.at("rows").size() == 5);
  CHECK(document.at("rows")[3] == json::parse(R"({
      "scheme": "alert", "environment": "default", "task": "maximize-accuracy", "settings": 1,
      "missing_settings": 0, "base_lost": 0, "candidate_lost": 0,
      "base_unmetered": 0, "candidate_unmetered": 0,
      "base_violated_settings": 0, "candidate_violated_settings": 0,
      "energy_change": 0.0, "error_change": -0.5, "late_change": 0.0,
      "status": "changed", "failed_gates": []})"));
}
