// Power sensors of boards (INA226, INA3221 and their like) through the kernel's hwmon tree.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "platform/meter.hpp"

namespace bench {

/// The sum of the sensors: "ina226/power1" is channel power1 of the chip ina226; a channel's label
/// may stand for it ("ina3221/VDD_IN"), and "ina226@1-0040/power1" tells chips of one name apart by
/// where they are. Energy counters are read; power, its mean (power1_average), or an INA3221's
/// volts times amperes, is integrated at its update rate. Without `sensors`, the only channel of a
/// chip whose name begins with "ina" is taken. `tree` is /sys/class/hwmon. Throws Unusable.
std::unique_ptr<Meter> open_hwmon_meter(const std::filesystem::path& tree,
                                        const std::vector<std::string>& sensors);

}  // namespace bench
