// profile.json (results/README.md): the profile with the spread of what was measured.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "alert/profile.hpp"
#include "platform/energy_source.hpp"
#include "stream/catch_up.hpp"

namespace bench {

struct ProfileFile {
  std::string suite;
  EnergySource energy_source = EnergySource::emulated;
  alert::Profile profile;
  CatchUpLatency catch_up_s;
  /// Most inferences whose energy was taken together because the meter is too coarse for one,
  /// [model][cap]; empty where it is not known.
  std::vector<std::vector<std::size_t>> energy_inferences;
  /// Inferences that have no part in busy_power_w because the meter failed, [model][cap].
  std::vector<std::vector<std::size_t>> energy_missing = {};
};

nlohmann::ordered_json to_json(const ProfileFile& file);
/// Throws InputError for what is malformed or has a fault().
ProfileFile read_profile(const std::filesystem::path& file);

}  // namespace bench
