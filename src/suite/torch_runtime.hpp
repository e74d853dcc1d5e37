// What libalert-bench-torch exports.
#pragma once

#include <cstddef>

#include "suite/runtime.hpp"

/// The runtime, which lives as long as the process. To be called once.
extern "C" const bench::Runtime* make_torch_runtime(std::size_t threads);
