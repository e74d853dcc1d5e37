#include <fmt/format.h>

#include <memory>

#include "base/console.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "experiment/run.hpp"

namespace bench::cli {

void add_record(CLI::App& app) {
  struct Options {
    ConfigOptions config;
    OutputOptions output;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("record", "Record only the profile and the traces");
  options->config.add_to(*command);
  options->output.add_to(*command);
  command->callback([options] {
    const Config config = options->config.read();
    const auto folder = options->output.folder(config);
    record_experiment(config, folder, options->output.existing());
    say(fmt::format("traces: {}", (folder / "traces").string()));
  });
}

}  // namespace bench::cli
