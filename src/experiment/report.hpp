// The tables of a results folder.
#pragma once

#include <vector>

#include "base/json.hpp"
#include "experiment/table.hpp"

namespace bench {

/// One table per environment and task, and the harmonic means over them, from a summary.json.
std::vector<Table> report_tables(const JsonValue& summary);

}  // namespace bench
