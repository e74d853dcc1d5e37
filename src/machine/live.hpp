// Live runs: every scheme really drives the machine (src/alert/README.md section 5).
#pragma once

#include <map>
#include <vector>

#include "config/config.hpp"
#include "machine/machine.hpp"
#include "results/inference_log.hpp"
#include "results/profile_file.hpp"
#include "results/summary.hpp"

namespace bench {

/// All schemes under all settings in one environment. The schemes take turns on each input, in an
/// order drawn anew, so that drift hits all alike; each input's turn lasts its whole period, idle
/// time included. Streams that `logged` knows go on where they ended.
std::vector<Cell> run_live(Machine& machine, const Config& config,
                           const EnvironmentSpec& environment, const ProfileFile& profile,
                           const std::vector<alert::Goal>& grid,
                           const std::map<StreamKey, std::vector<Step>>& logged, InferenceLog& log);

}  // namespace bench
