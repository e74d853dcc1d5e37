#include "experiment/validate.hpp"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"

namespace bench::cli {

void add_validate(CLI::App& app, int& status) {
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  auto* command =
      app.add_subcommand("validate", "Check configs, platforms, suites, profiles, traces and logs");
  command->add_option("files", *files, "Files, or folders of suites")->required();
  auto deep = std::make_shared<bool>();
  command->add_flag("--deep", *deep,
                    "Also load each model of a suite, or of a config's, and run it on an input");
  command->callback([files, deep, &status] {
    for (const auto& file : *files) {
      try {
        print(printable(fmt::format("{}: {}", file.string(), validate(file, *deep))) + '\n');
      } catch (const InputError& error) {
        warn(error.what());
        status = 2;
      } catch (const MachineError& error) {  // the data of a suite, say; the next file still counts
        warn(error.what());
        if (status == 0) status = 3;
      }
    }
  });
}

}  // namespace bench::cli
