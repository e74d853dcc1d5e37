// What manifest.json says of the machine that an experiment ran on.
#pragma once

#include "base/json.hpp"
#include "machine/rig.hpp"

namespace bench {

/// Fields of the manifest: versions, threads, energy source, platform, hashes of the models and
/// their warm-up.
nlohmann::ordered_json description_of(const Rig& rig);

}  // namespace bench
