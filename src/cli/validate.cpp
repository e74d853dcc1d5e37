#include "experiment/validate.hpp"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "base/error.hpp"
#include "cli/commands.hpp"

namespace bench::cli {

void add_validate(CLI::App& app, int& status) {
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  auto* command =
      app.add_subcommand("validate", "Check configs, platforms, suites, profiles, traces and logs");
  command->add_option("files", *files, "Files, or folders of suites")->required();
  command->callback([files, &status] {
    for (const auto& file : *files) {
      try {
        fmt::print("{}: {}\n", file.string(), validate(file));
      } catch (const InputError& error) {
        fmt::print(stderr, "alert-bench: {}\n", error.what());
        status = 2;
      }
    }
  });
}

}  // namespace bench::cli
