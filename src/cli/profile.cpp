#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/console.hpp"
#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "config/config.hpp"
#include "machine/conditions.hpp"
#include "machine/profiler.hpp"
#include "machine/rig.hpp"
#include "report/table.hpp"
#include "results/folder.hpp"

namespace bench::cli {
namespace {

/// One row for each stage, at the default cap; perplexity and catching up where the suite has them.
Table profile_table(const ProfileFile& file, const Suite& suite) {
  const bool perplexity = std::ranges::any_of(
      suite.models, [](const ModelSpec& model) { return !model.perplexity.empty(); });
  const bool sequential = !file.catch_up_s.empty();
  Table table;
  table.title = fmt::format("{} at {} W ({})", file.suite, file.profile.power_caps_w.back(),
                            to_string(file.energy_source));
  table.columns = {"model", "stage", "latency [ms]", "spread [ms]"};
  if (sequential) table.columns.push_back("unread word [ms]");
  table.columns.push_back("error [%]");
  if (perplexity) table.columns.push_back("perplexity");
  table.columns.push_back("power [W]");
  const std::size_t cap = file.profile.default_cap();
  for (std::size_t i = 0; i < file.profile.models.size(); ++i) {
    const auto& model = file.profile.models[i];
    const auto& model_perplexity = suite.models[i].perplexity;
    for (std::size_t k = 0; k < model.stages(); ++k) {
      auto& row = table.rows.emplace_back();
      row = {model.name, std::to_string(k + 1),
             fmt::format("{:.2f}", 1e3 * model.latency_s[cap][k]),
             fmt::format("{:.2f}", 1e3 * model.latency_std_s[cap][k])};
      if (sequential) row.push_back(fmt::format("{:.3f}", 1e3 * file.catch_up_s[i][cap][k]));
      row.push_back(fmt::format("{:.2f}", 100.0 * (1.0 - model.accuracy[k])));
      if (perplexity)
        row.push_back(model_perplexity.empty() ? "–" : fmt::format("{:.1f}", model_perplexity[k]));
      row.push_back(fmt::format("{:.1f}", model.busy_power_w[cap]));
    }
  }
  table.note = "latency: mean, cumulative over the stages; spread: standard deviation.";
  if (sequential) table.note += " unread word: what each earlier word that it has not read adds.";
  return table;
}

}  // namespace

void add_profile(CLI::App& app) {
  struct Options {
    std::filesystem::path suite, platform, out;
    InputsSpec inputs;
    std::string format = "terminal";
  };
  auto options = std::make_shared<Options>();
  options->inputs.burst = 16;
  auto* command =
      app.add_subcommand("profile", "Measure only the profile of a suite on a platform");
  command->add_option("--suite", options->suite, "Folder with suite.json")->required();
  command->add_option("--platform", options->platform, "Platform file")->required();
  command->add_option("--out", options->out, "The profile.json to write")
      ->required()
      ->check(not_empty());
  auto& inputs = options->inputs;
  command->add_option("--inputs", inputs.profile, "Inputs per configuration")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000000));
  command->add_option("--burst", inputs.burst, "Items per input")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--seed", inputs.seed, "Order of items and configurations")
      ->capture_default_str();
  command->add_option("--format", options->format, "Of the table that is printed")
      ->capture_default_str()
      ->check(CLI::IsMember(names_of<TableFormat>()));
  command->callback([options] {
    check_writable(options->out);
    Rig rig(options->suite, options->platform, options->inputs, default_inference_timeout_s);
    rig.warm_up(options->inputs.warmup, OnError::stop);
    ProfileFile profile;
    Conditions conditions([](const auto&) {});  // they are told on stderr; the file has no place
    conditions.watch(rig, "profile",
                     [&] { profile = measure_profile(rig, options->inputs, OnError::stop); });
    conditions.add_warm_up(warm_up_warnings(profile, rig.warm_ups()));
    write_document(options->out, to_json(profile));
    print(render({profile_table(profile, rig.suite())}, named<TableFormat>(options->format)));
  });
}

}  // namespace bench::cli
