// Records a trace: every (model, cap) really runs on every input of an environment, all stages.
#pragma once

#include <filesystem>

#include "config/config.hpp"
#include "machine/machine.hpp"

namespace bench {

/// Writes `file` anew, or goes on after its last whole input where `resume` says so. The
/// configurations of one input are interleaved at random, each after an idle gap as in a live run.
void record_trace(Machine& machine, const Config& config, const EnvironmentSpec& environment,
                  const std::filesystem::path& file, bool resume);

}  // namespace bench
