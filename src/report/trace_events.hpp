// A log as trace events, to be looked at in Perfetto (ui.perfetto.dev) or chrome://tracing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// Which streams of a log; nothing = all.
struct StreamFilter {
  std::optional<std::string> scheme = std::nullopt, environment = std::nullopt;
  std::optional<std::size_t> setting = std::nullopt;
};

using WriteText = std::function<void(std::string_view)>;

/// Writes a log's streams in the JSON Object Format of Chrome's Trace Event Format. A stream is a
/// process with tracks for inferences, stages, decisions, caps and contention, and with counters
/// for xi and power. Each stream has its own clock: inputs follow each other by their periods,
/// from 0. Memory does not grow with the log. Throws InputError where the log is missing or
/// malformed, or has no such stream.
void write_trace_events(const std::filesystem::path& inferences, const StreamFilter& filter,
                        const WriteText& write);

}  // namespace bench
