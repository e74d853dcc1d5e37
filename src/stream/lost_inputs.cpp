#include "stream/lost_inputs.hpp"

#include <fmt/format.h>

#include "base/console.hpp"
#include "base/error.hpp"

namespace bench {

void LostInputs::add(const std::string& reason) {
  if (count_++ == 0) first_ = reason;
}

void LostInputs::report(std::size_t inputs) const {
  if (count_ == inputs)
    throw InputError(fmt::format("{}: every input was lost; the first: {}", what_, first_));
  if (count_ > 0)
    warn(fmt::format("{}: {} of {} inputs lost; the first: {}", what_, count_, inputs, first_));
}

}  // namespace bench
