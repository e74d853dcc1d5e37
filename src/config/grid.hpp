// The constraint grid: every setting that the schemes are judged under
// (src/alert/README.md section 6).
#pragma once

#include <cstddef>
#include <vector>

#include "alert/goal.hpp"
#include "alert/profile.hpp"
#include "config/config.hpp"

namespace bench {

/// The config's goals made concrete by a profile; a setting's number is its index.
/// - deadline scales multiply the largest anytime DNN's (without one: the slowest DNN's) whole
///   latency at the default cap;
/// - N accuracy levels are the midpoints of N equal parts between the suite's least and greatest
///   stage accuracy: a level at the very end would leave one candidate or none;
/// - N energy levels are N caps evenly from the lowest to the highest, each times the deadline.
std::vector<alert::Goal> constraint_grid(const std::vector<GoalSpec>& goals,
                                         const alert::Profile& profile);

/// What a goal asks of each input: its deadline, and its accuracy or energy.
nlohmann::ordered_json to_json(const alert::Goal& goal);

}  // namespace bench
