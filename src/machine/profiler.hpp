// Measures a profile on the rig, with nothing else running (src/alert/README.md section 1).
#pragma once

#include "machine/rig.hpp"
#include "results/profile_file.hpp"

namespace bench {

/// Every (model, cap) on `inputs.profile` inputs of the profiling split, interleaved at random. In
/// a sequential suite also what it takes to read earlier words: each input is run with all words
/// before it read, then from the sentence's start.
ProfileFile measure_profile(Rig& rig, const InputsSpec& inputs, OnError on_error);

}  // namespace bench
