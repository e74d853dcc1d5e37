// What follows from a config for each input: its group, and whether co-runners run beside it.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "trace/trace.hpp"

namespace bench {

/// Sizes of the groups that share a deadline, seeded; {group, position, size} of each input. The
/// last group may be shorter.
std::vector<GroupPosition> group_positions(const InputsSpec& inputs);

/// Whether the environment's co-runners run, input by input.
std::vector<bool> contention_by_input(const InputsSpec& inputs, const EnvironmentSpec& environment);

}  // namespace bench
