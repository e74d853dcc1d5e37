// A trace on all cores: in batches, so that memory does not grow with it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "trace/trace.hpp"

namespace bench {

/// Cores that this process may use.
std::size_t cores();

using Batch = std::span<const TraceInput>;

/// For each batch of inputs that the trace has left: `work(task, batch)` for every task below
/// `tasks`, on `threads` threads and in no order, while the next batch is read; then
/// `done(batch)`. Whatever they throw is passed on, of several tasks that of the first. Throws
/// Interrupted between two batches.
void for_each_batch(TraceReader& reader, std::size_t tasks, std::size_t threads,
                    const std::function<void(std::size_t task, Batch batch)>& work,
                    const std::function<void(Batch batch)>& done);

}  // namespace bench
