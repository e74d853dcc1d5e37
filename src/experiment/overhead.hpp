// What the harness itself costs on this machine (the `overhead` command).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

struct Cost {
  std::string what;
  double median_ns = 0.0;  ///< of one operation, over `repetitions` timed batches
  double least_ns = 0.0, greatest_ns = 0.0;
};

/// One decision of `alert`, one window of the platform's meter, one cap set, one log
/// record without the writing of it.
std::vector<Cost> measure_overhead(const std::filesystem::path& platform, std::size_t repetitions);

/// Seconds that `decisions` replayed decisions take: decide, outcome, observe, tally, over `models`
/// one-stage DNNs and 8 caps, on simulated inputs held in memory.
double time_replay(std::size_t decisions, std::size_t models);

}  // namespace bench
