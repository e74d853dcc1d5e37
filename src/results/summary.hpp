// summary.json: the grid, every stream's means and verdict, and the comparison of the schemes
// (src/alert/README.md section 6).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "alert/goal.hpp"
#include "base/json.hpp"
#include "config/config.hpp"
#include "platform/energy_source.hpp"
#include "stream/tally.hpp"

namespace bench {

/// One stream's result.
struct Cell {
  std::string scheme;
  std::string environment;
  std::size_t setting = 0;
  Tally tally;
};

struct SummaryInput {
  std::string name, suite;
  Mode mode = Mode::live;
  EnergySource energy_source = EnergySource::emulated;
  std::vector<std::string> environments, schemes;  ///< in the config's order
  std::string base_scheme;  ///< name of oracle-static among the schemes; empty = not run
  const std::vector<alert::Goal>* grid = nullptr;
  std::vector<Cell> cells;
};

nlohmann::ordered_json summarize(const SummaryInput& input);

}  // namespace bench
