// The order in which candidates are preferred (README.md section 4).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace alert {

/// Values of a key that are this close, relative to the least, are the same. Exactly: at 1e-9,
/// which keeps rounding from deciding, ALERT chooses otherwise on a quarter of the reference
/// inputs, so that it goes with new reference results.
inline constexpr double tie = 0.0;

/// The one of `items` with the least keys among those `allowed`; null where none is. Those that tie
/// with the least of a key are judged by the next key, and at last the earlier candidate is taken,
/// whatever the order in which they stand.
template <typename Items, typename Allowed, typename... Keys>
typename Items::const_pointer least(const Items& items, Allowed allowed, Keys... keys) {
  std::array<double, sizeof...(Keys)> limits;
  limits.fill(std::numeric_limits<double>::infinity());
  const auto left = [&](const auto& item) {
    std::size_t key = 0;
    return allowed(item) && ((keys(item) <= limits[key++]) && ...);
  };
  std::size_t judged = 0;
  const auto judge_by = [&](auto key) {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& item : items)
      if (left(item)) least = std::min(least, key(item));
    limits[judged++] = least + tie * std::abs(least);
  };
  (judge_by(keys), ...);

  typename Items::const_pointer best = nullptr;
  for (const auto& item : items)
    if (left(item) && (!best || item.candidate < best->candidate)) best = &item;
  return best;
}

}  // namespace alert
