// Two results of one experiment, scheme by scheme and row by row, and gates on what changed.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "report/table.hpp"
#include "results/summary.hpp"

namespace bench {

/// A results folder as one side of a comparison.
struct ComparedResults {
  std::string folder;
  Summary summary;
  std::optional<std::string> platform;  ///< its name, where the manifest knows it
  std::string unfinished;  ///< why this may not be a whole result; empty where it is one
};

/// Throws InputError where the folder has no well-formed summary.
ComparedResults read_compared(const std::filesystem::path& folder);

/// A limit on how much worse a row may get in one metric: by a share of the base's value, by a
/// share of the inputs, or by a number of inputs or settings.
struct Gate {
  const Metric* metric = nullptr;
  double limit = 0.0;
  std::string text;  ///< as given, "energy=2%"
};

/// Parses "energy=2%", "late=1%", "lost=0", ... Throws InputError.
Gate parse_gate(const std::string& text);
/// The names of the metrics that can be gated.
std::vector<std::string> gate_names();

/// What makes two results incomparable, by its name at --allow-different.
struct Difference {
  std::string what;
  std::string base, candidate;
};
std::vector<std::string> difference_names();

/// One scheme in one environment under one task.
struct RowChange {
  std::string scheme, environment;
  alert::Task task = alert::Task::minimize_energy;
  bool in_base = true, in_candidate = true;
  std::size_t settings = 0;          ///< in both
  std::size_t missing_settings = 0;  ///< of the base's, in the candidate
  /// By `metrics`, over the settings in both: how many more of what is counted, else the mean
  /// change; infinite where a value rose from 0 or is no more there.
  std::array<double, metrics.size()> change{};
  std::array<double, metrics.size()> base{}, candidate{};  ///< of what is counted
  std::vector<std::string> failed_gates = {};              ///< in words

  bool changed() const;
};

struct Comparison {
  std::vector<Difference> differences;
  std::vector<std::string> unfinished;  ///< what may not be a whole result, and why
  std::vector<Gate> gates;              ///< as applied: lost=0 where no other limit is given
  std::vector<RowChange> rows;
  bool gates_hold() const;
};

/// With gates, throws InputError where the results differ in what is not `allowed` or are
/// unfinished.
Comparison compare(const ComparedResults& base, const ComparedResults& candidate,
                   std::vector<Gate> gates, const std::vector<std::string>& allowed = {});

enum class ComparisonFormat { terminal, markdown, json, junit };
template <>
struct Names<ComparisonFormat> {
  static constexpr std::pair<ComparisonFormat, std::string_view> table[] = {
      {ComparisonFormat::terminal, "terminal"},
      {ComparisonFormat::markdown, "markdown"},
      {ComparisonFormat::json, "json"},
      {ComparisonFormat::junit, "junit"}};
};

std::string render(const Comparison& comparison, ComparisonFormat format);

}  // namespace bench
