// The whole experiment behind each command: folders, manifest, profile, traces, schemes, summary.
#pragma once

#include <filesystem>
#include <vector>

#include "config/config.hpp"
#include "results/folder.hpp"
#include "results/summary.hpp"

namespace bench {

/// `run`: profile, then live streams or record and replay; of a described platform, simulate and
/// replay. Returns the summary.
Summary run_experiment(const Config& config, const std::filesystem::path& out, Existing existing);

/// `record`: the profile and the traces.
void record_experiment(const Config& config, const std::filesystem::path& out, Existing existing);

/// `simulate`: the profile and the traces of the platform that the config's "simulate" describes.
void simulate_experiment(const Config& config, const std::filesystem::path& out, Existing existing);

/// What of a config `replay` goes by: all else describes what was recorded.
inline const std::vector<std::string> replay_keys = {
    "schema_version", "name", "mode", "profile", "goals", "schemes", "log_inferences"};

/// `replay`: the config's schemes on traces that exist. The profile is the config's "profile", or
/// profile.json in the results folder that the first trace lies in.
Summary replay_experiment(Config config, std::vector<std::filesystem::path> traces,
                          const std::filesystem::path& out, Existing existing);

}  // namespace bench
