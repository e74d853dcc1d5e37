// Randomness that is the same on every standard library.
#pragma once

#include <random>
#include <utility>
#include <vector>

namespace bench {

/// In-place Fisher-Yates.
template <typename T>
void shuffle(std::vector<T>& values, std::mt19937_64& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

}  // namespace bench
