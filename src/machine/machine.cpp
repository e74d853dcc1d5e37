#include "machine/machine.hpp"

#include "base/random.hpp"

namespace bench {

std::vector<Configuration> shuffled_configurations(const Machine& machine,
                                                   std::mt19937_64& random) {
  std::vector<Configuration> configurations;
  for (std::size_t model = 0; model < machine.models(); ++model)
    for (std::size_t cap = 0; cap < machine.caps_w().size(); ++cap)
      configurations.push_back({model, cap});
  shuffle(configurations, random);
  return configurations;
}

}  // namespace bench
