// Records a trace: every (model, cap) really runs on every input of an environment, all stages.
#pragma once

#include <filesystem>

#include "machine/rig.hpp"
#include "trace/trace.hpp"

namespace bench {

/// Whether the environment's co-runners run, input by input.
std::vector<bool> contention_by_input(const InputsSpec& inputs, const EnvironmentSpec& environment);

/// Writes `file` anew, or goes on after its last whole input where `resume` says so. The
/// configurations of one input are interleaved at random, each after an idle gap as in a live run.
void record_trace(Rig& rig, const Config& config, const EnvironmentSpec& environment,
                  const std::filesystem::path& file, bool resume);

}  // namespace bench
