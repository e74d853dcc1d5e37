// Measures a profile of the machine, with nothing else running (src/alert/README.md section 1).
#pragma once

#include "machine/machine.hpp"
#include "results/profile_file.hpp"

namespace bench {

/// Every (model, cap) on `inputs.profile` inputs of the profiling split, interleaved at random. In
/// a sequential suite also what it takes to read earlier words: each input is run with all words
/// before it read, then from the sentence's start.
ProfileFile measure_profile(Machine& machine, const InputsSpec& inputs, OnError on_error);

}  // namespace bench
