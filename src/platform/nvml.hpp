// NVIDIA GPUs through the driver's NVML library, which is loaded when it is first needed: nothing
// links to it. The GPU is the one that LibTorch uses: the first that CUDA_VISIBLE_DEVICES shows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/limiter.hpp"
#include "platform/meter.hpp"
#include "platform/power_caps.hpp"

namespace bench {

class Nvml;

/// The driver's own library, or what this environment variable names. No file can name another: it
/// is code that this program runs.
inline constexpr const char* nvml_library_variable = "ALERT_BENCH_NVML_LIBRARY";
std::string nvml_library();

/// The board's energy: its energy counter where it has one (Volta and later), else its power,
/// integrated. Throws Unusable.
std::unique_ptr<Meter> open_nvml_meter();

/// The board's power limit.
class NvmlLimiter final : public Limiter {
 public:
  /// Changes nothing. Throws Unusable, and InputError for caps that the board does not take.
  explicit NvmlLimiter(const PowerCaps& caps);

  SourceInfo info() const override;
  const std::vector<double>& caps_w() const override { return caps_w_; }
  std::size_t cap() const override { return cap_; }
  void set_cap(std::size_t cap) override;
  void end_segment(Clock::time_point) override {}
  std::vector<SavedLimit> limits() const override;

 private:
  std::shared_ptr<const Nvml> nvml_;
  std::uint64_t before_mw_;
  std::vector<double> caps_w_;
  std::size_t cap_;
};

// The power limit of the GPU with this UUID, for what was saved of it. Both throw MachineError.
std::uint64_t gpu_power_limit_mw(const std::string& uuid);
void set_gpu_power_limit_mw(const std::string& uuid, std::uint64_t limit_mw);

}  // namespace bench
