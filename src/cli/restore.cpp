#include <fmt/format.h>

#include <memory>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "platform/saved_limits.hpp"

namespace bench::cli {

void add_restore(CLI::App& app) {
  auto forget = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("restore", "Put back the limits that a killed run left");
  command->add_flag("--forget", *forget, "Give up those that cannot be put back");
  command->callback([forget] {
    const auto all = restore_left_limits(*forget);
    bool complete = true;
    for (const LeftLimits& left : all) {
      print(printable(left.text()) + '\n');
      complete = complete && left.failures.empty();
    }
    if (all.empty()) print("no run of this user left limits behind\n");
    if (!complete && !*forget)
      throw MachineError("some limits could not be put back; --forget gives them up");
  });
}

}  // namespace bench::cli
