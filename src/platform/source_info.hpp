// What a limiter or a meter says of itself, and of why it cannot be used.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "platform/energy_source.hpp"

namespace bench {

/// Where a number comes from, how often it changes and how exact it is: for the manifest and
/// `doctor`.
struct SourceInfo {
  std::string name;  ///< "emulated", "rapl", ...
  EnergySource source = EnergySource::emulated;
  std::optional<double> update_interval_s;  ///< nothing: computed anew at each reading
  std::optional<double> resolution;         ///< smallest step, in the unit of what is read
  std::string description;                  ///< one sentence for people
};

/// Why a limiter or a meter cannot be used on this machine, and what would make it usable.
class Unusable : public MachineError {
 public:
  /// `remedy`: the exact command, or empty where there is none.
  Unusable(const std::string& reason, const std::string& remedy)
      : MachineError(remedy.empty() ? reason : reason + "; to change that: " + remedy),
        reason_(reason),
        remedy_(remedy) {}
  const std::string& reason() const { return reason_; }
  const std::string& remedy() const { return remedy_; }

 private:
  std::string reason_, remedy_;
};

}  // namespace bench
