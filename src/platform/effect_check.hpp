// Whether a power cap that was set and reads back right is obeyed at all.
#pragma once

#include <functional>

#include "platform/limiter.hpp"
#include "platform/meter.hpp"

namespace bench {

/// Keeps the device busy for about so many seconds, and tells how much work it did per second.
using Load = std::function<double(double duration_s)>;

/// Arithmetic on every core; work per second of CPU time, which co-runners hardly change.
double cpu_load(double duration_s);

/// Runs the load under the lowest and the highest cap. Throws MachineError where neither power nor,
/// for a meter that does not measure, speed is lower under the lower cap, and says what may
/// override it. The highest cap is in force afterwards. An emulated limiter needs no check.
void check_effect(Limiter& limiter, Meter& meter, const Load& load);

}  // namespace bench
