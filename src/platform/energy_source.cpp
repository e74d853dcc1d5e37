#include "platform/energy_source.hpp"

#include <vector>

namespace bench {
namespace {

const std::vector<std::string> names{"measured", "emulated", "simulated"};  // in the enum's order

}  // namespace

std::string to_string(EnergySource source) { return names.at(static_cast<std::size_t>(source)); }

EnergySource parse_energy_source(const JsonValue& value) {
  return static_cast<EnergySource>(value.one_of(names, "energy source"));
}

}  // namespace bench
