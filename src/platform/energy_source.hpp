// Where a result's energies come from: stands in every file that holds any.
#pragma once

#include <string>

#include "base/json.hpp"

namespace bench {

enum class EnergySource { measured, emulated, simulated };

std::string to_string(EnergySource source);
EnergySource parse_energy_source(const JsonValue& value);

}  // namespace bench
