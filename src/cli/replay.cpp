#include <fmt/format.h>

#include <memory>

#include "base/console.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "experiment/run.hpp"

namespace bench::cli {

void add_replay(CLI::App& app) {
  struct Options {
    ConfigOptions config;
    OutputOptions output;
    std::vector<std::filesystem::path> traces;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "replay", "Run schemes on recorded traces; needs no model and no LibTorch");
  command->add_option("--trace", options->traces, "Trace files, one per environment")
      ->required()
      ->type_name("FILE...");
  options->config.add_to(*command);
  options->config.add_schemes_to(*command);
  options->output.add_to(*command);
  command->add_flag("--json", options->json, "Print summary.json instead of tables");
  command->callback([options] {
    const Config config = options->config.read(replay_keys);
    const auto folder = options->output.folder(config);
    const auto summary =
        replay_experiment(config, options->traces, folder, options->output.existing());
    print_summary(summary, options->json);
    say(fmt::format("results: {}", folder.string()));
  });
}

}  // namespace bench::cli
