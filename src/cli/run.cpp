#include "experiment/run.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/console.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"

namespace bench::cli {
namespace {

struct Options {
  ConfigOptions config;
  OutputOptions output;
  bool json = false;
};

void run(const Options& options) {
  const Config config = options.config.read();
  const auto folder = options.output.folder(config);
  const auto summary = run_experiment(config, folder, options.output.existing());
  print_summary(summary, options.json);
  say(fmt::format("results: {}", folder.string()));
}

}  // namespace

void add_run(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("run", "Run the whole experiment that a config describes");
  options->config.add_to(*command);
  options->config.add_schemes_to(*command);
  options->output.add_to(*command);
  command->add_flag("--json", options->json, "Print summary.json instead of tables");
  command->callback([options] { run(*options); });
}

}  // namespace bench::cli
