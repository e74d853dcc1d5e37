// The tables of a results folder.
#pragma once

#include <vector>

#include "base/json.hpp"
#include "report/table.hpp"

namespace bench {

/// One table per environment and task, the harmonic means over them, and alert beside the paper's
/// claims, from a summary.json.
std::vector<Table> report_tables(const JsonValue& summary);

}  // namespace bench
