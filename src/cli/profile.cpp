#include <fmt/format.h>

#include <memory>

#include "cli/commands.hpp"
#include "experiment/config.hpp"
#include "experiment/profiler.hpp"
#include "experiment/results.hpp"
#include "experiment/table.hpp"

namespace bench::cli {
namespace {

Table profile_table(const ProfileFile& file) {
  Table table;
  table.title = fmt::format("{} at {} W ({})", file.suite, file.profile.power_caps_w.back(),
                            to_string(file.energy_source));
  table.columns = {"model", "stage", "latency [ms]", "spread [ms]", "error [%]", "power [W]"};
  const std::size_t cap = file.profile.default_cap();
  for (std::size_t i = 0; i < file.profile.models.size(); ++i) {
    const auto& model = file.profile.models[i];
    for (std::size_t k = 0; k < model.stages(); ++k)
      table.rows.push_back({model.name, std::to_string(k + 1),
                            fmt::format("{:.2f}", 1e3 * model.latency_s[cap][k]),
                            fmt::format("{:.2f}", 1e3 * file.latency_std_s[i][cap][k]),
                            fmt::format("{:.2f}", 100.0 * (1.0 - model.accuracy[k])),
                            fmt::format("{:.1f}", model.busy_power_w[cap])});
  }
  table.note = "latency: mean, cumulative over the stages; spread: standard deviation.";
  return table;
}

}  // namespace

void add_profile(CLI::App& app) {
  struct Options {
    Config config;  // only what a rig needs of it
    std::filesystem::path out;
  };
  auto options = std::make_shared<Options>();
  options->config.inputs.burst = 16;
  auto* command =
      app.add_subcommand("profile", "Measure only the profile of a suite on a platform");
  command->add_option("--suite", options->config.suite, "Folder with suite.json")->required();
  command->add_option("--platform", options->config.platform, "Platform file")->required();
  command->add_option("--out", options->out, "The profile.json to write")->required();
  auto& inputs = options->config.inputs;
  command->add_option("--inputs", inputs.profile, "Inputs per configuration")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  command->add_option("--burst", inputs.burst, "Items per input")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--seed", inputs.seed, "Order of items and configurations")
      ->capture_default_str();
  command->callback([options] {
    Rig rig(options->config);
    const ProfileFile profile = measure_profile(rig, options->config.inputs);
    write_document(options->out, to_json(profile));
    fmt::print("{}", render({profile_table(profile)}, TableFormat::terminal));
  });
}

}  // namespace bench::cli
