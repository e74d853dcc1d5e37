// The tables of a results folder.
#pragma once

#include <vector>

#include "report/table.hpp"
#include "results/summary.hpp"

namespace bench {

/// One table per environment and task, the harmonic means over them, and alert beside the paper's
/// claims.
std::vector<Table> report_tables(const Summary& summary);

}  // namespace bench
