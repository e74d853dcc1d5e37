// Counts what this program allocates.
#pragma once

#include <cstddef>

namespace test {

/// Calls of operator new so far.
std::size_t allocations();

}  // namespace test
