// Measures a profile on the rig, with nothing else running (spec section 1).
#pragma once

#include "experiment/profile_file.hpp"
#include "experiment/rig.hpp"

namespace bench {

/// Every (model, cap) on `inputs.profile` inputs of the profiling split, interleaved at random.
ProfileFile measure_profile(Rig& rig, const InputsSpec& inputs);

}  // namespace bench
