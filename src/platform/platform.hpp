// The limiter and the meter that a platform file describes, opened on this machine.
#pragma once

#include <memory>
#include <string>

#include "platform/limiter.hpp"
#include "platform/meter.hpp"
#include "platform/spec.hpp"

namespace bench {

class SavedLimits;

/// Limiter and meter, opened. Limits that were changed are put back when it is destroyed.
struct Platform {
  Platform();
  Platform(Platform&&) noexcept;
  ~Platform();

  PlatformSpec spec;
  std::unique_ptr<Limiter> limiter;
  std::unique_ptr<Meter> meter;
  std::string limiter_reason, meter_reason;  ///< why these, and what better ones would need
  std::unique_ptr<SavedLimits> saved;        ///< last: limits are put back first
};

/// Puts back what killed runs left, then opens what the spec names, or for "auto" the best that
/// works here. Throws MachineError where this machine cannot do what the platform demands.
Platform open_platform(const PlatformSpec& spec, CoRunnerCpuTime corunner_cpu_time);

}  // namespace bench
