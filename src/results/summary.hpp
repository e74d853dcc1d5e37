// summary.json: the grid, every stream's means and verdict, and the comparison of the schemes
// (src/alert/README.md section 6). Tables, comparisons and gates go by this.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/goal.hpp"
#include "base/json.hpp"
#include "config/config.hpp"
#include "platform/energy_source.hpp"
#include "results/metrics.hpp"
#include "stream/tally.hpp"

namespace bench {

/// One stream that was counted.
struct Cell {
  std::string scheme;
  std::string environment;
  std::size_t setting = 0;
  Tally tally;
};

/// One stream as the summary tells of it.
struct Result {
  std::string scheme, environment;
  alert::Task task = alert::Task::minimize_energy;
  std::size_t setting = 0;
  /// By `metrics`; nothing but the counts where every input was lost.
  std::array<std::optional<double>, metrics.size()> values;

  const std::optional<double>& value(std::string_view key) const;
  std::size_t count(std::string_view key) const {
    return static_cast<std::size_t>(value(key).value());
  }
  bool violated() const { return count("violated") > 0; }
  /// The task's metric, less is better: mean energy or mean error.
  const std::optional<double>& metric() const {
    return value(task == alert::Task::minimize_energy ? "mean_energy_j" : "mean_error");
  }
};

/// A ratio of two schemes' metrics, mean over the settings that both keep.
struct Ratio {
  std::size_t settings = 0;    ///< that both keep
  std::optional<double> mean;  ///< nothing where there are none
};

struct Summary {
  /// One scheme in one environment under one task.
  struct Row {
    std::string environment;
    alert::Task task;
    std::string scheme;
    std::size_t settings = 0, violated_settings = 0;
    double mean_violation_rate = 0.0;
    std::optional<Ratio> normalized;  ///< to the base scheme; nothing where there is none
  };
  /// One scheme against another.
  struct Pair {
    std::string environment;
    alert::Task task;
    std::string scheme, versus;
    Ratio ratio;
  };
  struct Overall {
    alert::Task task;
    std::string scheme;
    std::size_t rows = 0;
    double harmonic_mean = 0.0;
  };

  std::string name, suite;
  Mode mode = Mode::live;
  EnergySource energy_source = EnergySource::emulated;
  std::optional<std::string> base_scheme;  ///< what rows are normalized to: oracle-static's name
  std::vector<alert::Goal> grid;
  std::vector<Result> results;
  std::vector<Row> rows;
  std::vector<Overall> overall;
  std::vector<Pair> pairs;
  /// What kept the machine from being quiet while it measured, as machine/conditions.hpp tells it.
  nlohmann::ordered_json conditions = nlohmann::ordered_json::object();

  /// What of that was above its bound, for people.
  std::optional<std::string> disturbance() const;
};

struct SummaryInput {
  std::string name, suite;
  Mode mode = Mode::live;
  EnergySource energy_source = EnergySource::emulated;
  std::vector<std::string> environments, schemes;  ///< in the config's order
  std::optional<std::string> base_scheme;  ///< oracle-static's name among them, where it was run
  std::vector<alert::Goal> grid;
  std::vector<Cell> cells;
};

/// As the file will have it: every number is rounded().
Summary summarize(const SummaryInput& input);

nlohmann::ordered_json to_json(const Summary& summary);
/// Throws InputError for what no summary says: a share above 1, an energy below 0, a setting that
/// is not of the grid or stands twice, ...
Summary read_summary(const JsonValue& root);

}  // namespace bench
