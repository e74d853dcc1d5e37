#include "config/inputs.hpp"

#include <algorithm>
#include <random>

namespace bench {

std::vector<GroupPosition> group_positions(const InputsSpec& inputs) {
  std::vector<GroupPosition> positions;
  std::mt19937_64 random(inputs.seed);
  for (std::size_t group = 0; positions.size() < inputs.count; ++group) {
    const std::size_t span = inputs.group_max - inputs.group_min + 1;
    const std::size_t left = inputs.count - positions.size();
    const std::size_t size = std::min(left, inputs.group_min + random() % span);
    for (std::size_t position = 0; position < size; ++position)
      positions.push_back({group, position, size});
  }
  return positions;
}

std::vector<bool> contention_by_input(const InputsSpec& inputs,
                                      const EnvironmentSpec& environment) {
  return environment.contention
             ? contention_schedule(*environment.contention, inputs.count, inputs.seed)
             : std::vector<bool>(inputs.count, false);
}

}  // namespace bench
