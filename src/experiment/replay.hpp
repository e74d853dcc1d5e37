// Replay: schemes on recorded traces, streams side by side on all cores. One pass in constant
// memory, and another before it where a scheme needs hindsight; what oracle-regime needs grows with
// the trace. Results do not depend on the number of threads.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "alert/profile.hpp"
#include "experiment/batches.hpp"
#include "results/inference_log.hpp"
#include "results/profile_file.hpp"
#include "results/summary.hpp"
#include "schemes/regimes.hpp"
#include "schemes/scheme.hpp"

namespace bench {

/// Throws InputError where a trace and the profile differ in models, accuracies or caps.
void check_trace(const std::filesystem::path& trace, const TraceHeader& header,
                 const alert::Profile& profile);

/// For each setting, the single candidate that is best over the whole trace: of those that keep the
/// setting the one with the least metric; where none does, greatest accuracy, then least energy
/// (the order of src/alert/README.md section 4). Memory: settings x candidates x 150 bytes.
std::vector<alert::Candidate> best_static_candidates(const std::filesystem::path& trace,
                                                     const ProfileFile& file,
                                                     const std::vector<alert::Goal>& grid,
                                                     std::size_t threads = cores());

/// All that oracle-regime knows. `profile` must outlive it.
Regimes read_regimes(const std::filesystem::path& trace, const alert::Profile& profile);

/// Every scheme under every setting on one trace. `log` may be null. Throws InputError
/// where the trace is not of this profile or has no input.
std::vector<Cell> replay_trace(const std::filesystem::path& trace, const ProfileFile& profile,
                               const std::vector<alert::Goal>& grid,
                               const std::vector<SchemeSpec>& schemes, InferenceLog* log,
                               std::size_t threads = cores());

}  // namespace bench
