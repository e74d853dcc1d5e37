#include "report/comparison.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
using nlohmann::json;

namespace {

json cell(const std::string& scheme, std::size_t setting, double energy_j, double error,
          bool violated = false, const std::string& task = "minimize-energy", double late = 0.0) {
  return {{"task", task},         {"environment", "default"},  {"scheme", scheme},
          {"setting", setting},   {"mean_energy_j", energy_j}, {"mean_error", error},
          {"violated", violated}, {"deadline_miss_rate", late}};
}

JsonValue summary(std::vector<json> cells, const std::string& source = "base") {
  return JsonValue::from(
      {{"schema_version", 1}, {"grid", {{{"setting", 0}}, {{"setting", 1}}}}, {"results", cells}},
      source);
}

std::vector<Gate> gates(const std::vector<std::string>& texts) {
  std::vector<Gate> parsed;
  for (const auto& text : texts) parsed.push_back(parse_gate(text));
  return parsed;
}

const JsonValue base = summary({cell("alert", 0, 1.0, 0.2), cell("alert", 1, 2.0, 0.2, true)});

/// The only row of base against one with these cells.
RowChange change(std::vector<json> cells, const std::vector<std::string>& gate_texts = {}) {
  const Comparison comparison = compare(base, summary(std::move(cells)), gates(gate_texts));
  REQUIRE(comparison.rows.size() == 1);
  CHECK(comparison.gates_hold() == comparison.rows[0].failed_gates.empty());
  return comparison.rows[0];
}

}  // namespace

TEST_CASE("a gate is read") {
  const Gate energy = parse_gate("energy=2%");
  CHECK(energy.metric == GateMetric::energy);
  CHECK(energy.limit == Approx(0.02));
  CHECK(energy.text == "energy=2%");
  CHECK(parse_gate("error=0.5%").metric == GateMetric::error);
  CHECK(parse_gate("error=0.5%").limit == Approx(0.005));
  CHECK(parse_gate("violations=3").metric == GateMetric::violations);
  CHECK(parse_gate("violations=3").limit == 3.0);
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
    return "--gate " + text + ": " + why + "; as in energy=2%, error=1% or violations=0";
  };
  CHECK(error_of("energy") == refused("energy", "must be METRIC=LIMIT"));
  CHECK(error_of("enrgy=1%") ==
        refused("enrgy=1%", R"(unknown metric "enrgy" (did you mean "energy"?))"));
  CHECK(error_of("energy=2") == refused("energy=2", "the limit must be in %"));
  CHECK(error_of("violations=2%") == refused("violations=2%", "a number of settings has no %"));
  CHECK(error_of("energy=x%") == refused("energy=x%", "the limit must be a number"));
  CHECK(error_of("energy=%") == refused("energy=%", "the limit must be a number"));
  for (const std::string text : {"energy=2x%", "energy=-1%", "energy=nan%", "energy=inf%"})
    CHECK(error_of(text) == refused(text, "the limit must be a number, at least 0"));
}

TEST_CASE("a row's change is the mean over its settings of the relative changes") {
  const RowChange row =
      change({cell("alert", 0, 1.1, 0.1, true), cell("alert", 1, 2.6, 0.3, true)});
  CHECK(row.scheme == "alert");
  CHECK(row.settings == 2);
  CHECK(row.energy == Approx((0.1 + 0.3) / 2));
  CHECK(row.error == Approx((-0.5 + 0.5) / 2).margin(1e-12));
  CHECK(row.base_violated == 1);
  CHECK(row.candidate_violated == 2);
  CHECK(row.changed());
  CHECK_FALSE(change({cell("alert", 0, 1.0, 0.2), cell("alert", 1, 2.0, 0.2, true)}).changed());
}

TEST_CASE("late inputs are a change, in points") {
  const RowChange row = change({cell("alert", 0, 1.0, 0.2, false, "minimize-energy", 0.1),
                                cell("alert", 1, 2.0, 0.2, true, "minimize-energy", 0.02)},
                               {"energy=0%", "error=0%", "violations=0"});
  CHECK(row.late == Approx(0.06));
  CHECK(row.changed());
  CHECK(row.failed_gates.empty());
}

TEST_CASE("a gate holds at its very limit and fails above it") {
  for (const std::string limit : {"0.7", "2", "3", "10"}) {
    CAPTURE(limit);
    const double factor = 1.0 + std::stod(limit) / 100.0;
    const std::vector<std::string> gate{"energy=" + limit + "%", "error=" + limit + "%"};
    CHECK(change({cell("alert", 0, factor, 0.2 * factor),
                  cell("alert", 1, 2.0 * factor, 0.2 * factor)},
                 gate)
              .failed_gates.empty());
    CHECK(change({cell("alert", 0, factor + 1e-6, 0.2), cell("alert", 1, 2.0 * factor, 0.2)}, gate)
              .failed_gates.size() == 1);
  }
  CHECK(change({cell("alert", 0, 1.03, 0.2), cell("alert", 1, 2.06, 0.2)}, {"energy=2%"})
            .failed_gates == std::vector<std::string>{"energy=2%: +3.00%"});
  CHECK(change({cell("alert", 0, 0.5, 0.1), cell("alert", 1, 1.0, 0.1)}, {"energy=0%", "error=0%"})
            .failed_gates.empty());
}

TEST_CASE("violations are counted against the base's") {
  const std::vector<json> both{cell("alert", 0, 1.0, 0.2, true), cell("alert", 1, 2.0, 0.2, true)};
  CHECK(change(both, {"violations=1"}).failed_gates.empty());
  CHECK(change(both, {"violations=0"}).failed_gates ==
        std::vector<std::string>{"violations=0: 1 more violated settings"});
  CHECK(change({cell("alert", 0, 1.0, 0.2)}, {"violations=0"}).failed_gates.empty());
}

TEST_CASE("an error that was 0 and no longer is fails every gate on it") {
  const Comparison comparison =
      compare(summary({cell("alert", 0, 1.0, 0.0)}), summary({cell("alert", 0, 1.0, 0.1)}),
              gates({"error=100%"}));
  CHECK_FALSE(comparison.gates_hold());
  const json document = json::parse(render(comparison, {}, ComparisonFormat::json));
  CHECK(document.at("rows")[0].at("error_change").is_null());
}

TEST_CASE("a row that is missing fails every gate, a new one none") {
  const Comparison comparison =
      compare(base, summary({cell("oracle", 0, 9.0, 0.9, true)}), gates({"energy=1%"}));
  REQUIRE(comparison.rows.size() == 2);
  CHECK(comparison.rows[0].scheme == "alert");
  CHECK_FALSE(comparison.rows[0].in_candidate);
  CHECK(comparison.rows[0].failed_gates ==
        std::vector<std::string>{"energy=1%: the row is missing"});
  CHECK(comparison.rows[1].scheme == "oracle");
  CHECK_FALSE(comparison.rows[1].in_base);
  CHECK(comparison.rows[1].failed_gates.empty());
  CHECK_FALSE(comparison.gates_hold());
}

TEST_CASE("results of different grids are not compared") {
  json other = base.raw();
  other["grid"][1]["setting"] = 2;
  CHECK_THROWS_WITH(compare(base, JsonValue::from(other, "candidate"), {}),
                    "candidate: /grid: the constraint grid differs from that of base: compare "
                    "results of the same goals and profile");
}

TEST_CASE("a comparison in each format") {
  const auto limits = gates({"energy=2%", "violations=0"});
  const Comparison comparison = compare(
      summary({cell("alert", 0, 1.0, 0.2), cell("a<b>&\"c\"", 0, 1.0, 0.2),
               cell("alert", 1, 1.0, 0.2, false, "maximize-accuracy"), cell("gone", 0, 1.0, 0.2)}),
      summary({cell("alert", 0, 1.03, 0.2, true), cell("a<b>&\"c\"", 0, 1.0, 0.2),
               cell("alert", 1, 1.0, 0.1, false, "maximize-accuracy"), cell("new", 0, 1.0, 0.2)}),
      limits);

  CHECK(render(comparison, limits, ComparisonFormat::junit) ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="alert-bench compare energy=2% violations=0" tests="5" failures="2">
  <testcase classname="minimize-energy.default" name="alert">
    <failure message="energy=2%: +3.00%; violations=0: 1 more violated settings"/>
  </testcase>
  <testcase classname="minimize-energy.default" name="a&lt;b&gt;&amp;&quot;c&quot;"/>
  <testcase classname="minimize-energy.default" name="gone">
    <failure message="energy=2%: the row is missing; violations=0: the row is missing"/>
  </testcase>
  <testcase classname="maximize-accuracy.default" name="alert"/>
  <testcase classname="minimize-energy.default" name="new"/>
</testsuite>
)");

  CHECK(render(comparison, limits, ComparisonFormat::markdown) ==
        R"(### candidate against base

| scheme | task | environment | energy | error | late | violated settings | verdict |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| alert | minimize-energy | default | +3.00% | +0.00% | +0.00 | 0 -> 1 | FAILED energy=2%: +3.00%; violations=0: 1 more violated settings |
| a<b>&"c" | minimize-energy | default | +0.00% | +0.00% | +0.00 | 0 -> 0 | same |
| gone | minimize-energy | default | – | – | – | – | FAILED energy=2%: the row is missing; violations=0: the row is missing |
| alert | maximize-accuracy | default | +0.00% | -50.00% | +0.00 | 0 -> 0 | changed |
| new | minimize-energy | default | – | – | – | – | new |

energy, error: change of the mean; late: change of the share of late inputs, in points; all averaged over the settings.
)");

  const json document = json::parse(render(comparison, limits, ComparisonFormat::json));
  CHECK(document.at("schema_version") == 1);
  CHECK(document.at("gates_hold") == false);
  CHECK(document.at("rows").size() == 5);
  CHECK(document.at("rows")[3] == json::parse(R"({
      "scheme": "alert", "environment": "default", "task": "maximize-accuracy", "settings": 1,
      "energy_change": 0.0, "error_change": -0.5, "late_change": 0.0,
      "base_violated_settings": 0, "candidate_violated_settings": 0, "status": "changed", "failed_gates": []})"));
}
