// The system knob: what holds the machine under a power cap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "platform/source_info.hpp"

namespace bench {

/// A value in a file that a limiter changes.
struct FileLimit {
  std::filesystem::path file;
  std::uint64_t value = 0;  ///< as the file has it
};

/// The power limit of the GPU with this UUID.
struct GpuLimit {
  std::string uuid;
  std::uint64_t limit_mw = 0;
};

using SavedLimit = std::variant<FileLimit, GpuLimit>;

/// Holds the machine under one of `caps_w()`.
class Limiter {
 public:
  virtual ~Limiter() = default;
  virtual SourceInfo info() const = 0;
  /// Ascending; the last is the default, under which nothing is held back.
  virtual const std::vector<double>& caps_w() const = 0;
  virtual std::size_t cap() const = 0;  ///< in force, or the default before the first set_cap()
  /// Throws MachineError where the cap is not in force afterwards.
  virtual void set_cap(std::size_t cap) = 0;
  /// What set_cap() changes and what outlives the process, as it was when the limiter was opened.
  virtual std::vector<SavedLimit> limits() const { return {}; }
  /// Called where a compute segment (a traditional DNN, or one stage) that started at `begin` has
  /// ended. An emulated limiter returns when the segment would have ended under the cap; a real one
  /// at once.
  virtual void end_segment(Clock::time_point begin) = 0;
};

}  // namespace bench
