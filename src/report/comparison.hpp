// Two results of one experiment, scheme by scheme and row by row, and gates on what changed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "report/table.hpp"

namespace bench {

enum class GateMetric { energy, error, violations };

/// A limit on how much worse a row may get: energy and error by a share of the base's, violations
/// by a number of settings.
struct Gate {
  GateMetric metric = GateMetric::energy;
  double limit = 0.0;
  std::string text;  ///< as given, "energy=2%"
};

/// Parses "energy=2%", "error=1%" or "violations=0". Throws InputError.
Gate parse_gate(const std::string& text);

/// One scheme in one environment under one task.
struct RowChange {
  std::string scheme, environment, task;
  bool in_base = true, in_candidate = true;
  std::size_t settings = 0;  ///< in both
  double energy = 0.0;       ///< mean over settings of candidate / base - 1
  double error = 0.0;        ///< the same of the mean error
  double late = 0.0;         ///< mean of candidate - base of the share that is late
  std::size_t base_violated = 0, candidate_violated = 0;
  std::vector<std::string> failed_gates = {};  ///< in words

  bool changed() const {
    return energy != 0.0 || error != 0.0 || late != 0.0 || base_violated != candidate_violated;
  }
};

struct Comparison {
  std::vector<RowChange> rows;
  bool gates_hold() const;
};

/// From two summary.json. Throws InputError where their grids differ.
Comparison compare(const JsonValue& base, const JsonValue& candidate,
                   const std::vector<Gate>& gates);

enum class ComparisonFormat { terminal, markdown, json, junit };
std::vector<std::string> comparison_format_names();

std::string render(const Comparison& comparison, const std::vector<Gate>& gates,
                   ComparisonFormat format);

}  // namespace bench
