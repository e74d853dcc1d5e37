#include "cli/options.hpp"

#include <fmt/format.h>

#include "base/console.hpp"
#include "report/tables.hpp"

namespace bench::cli {

CLI::Validator not_empty() {
  return {[](const std::string& text) { return text.empty() ? "must not be empty" : ""; }, ""};
}

void ConfigOptions::add_to(CLI::App& command) {
  command.add_option("--config", file, "The experiment (configs/*.json)")->required();
  command
      .add_option("--set", overrides.set,
                  "Override one value of the config, as in inputs.count=50; repeatable")
      ->type_name("KEY=VALUE")
      ->take_all();
  command.add_option("--seed", overrides.seed, "Override inputs.seed");
}

void ConfigOptions::add_schemes_to(CLI::App& command) {
  command.add_option("--schemes", overrides.schemes, "Run these schemes instead of the config's")
      ->delimiter(',');
}

Config ConfigOptions::read(const std::vector<std::string>& used) const {
  ConfigOverrides all = overrides;
  all.used = used;
  return read_config(file, all);
}

void OutputOptions::add_to(CLI::App& command) {
  command.add_option("--out", out, "Results folder (default: runs/<name of the config>)")
      ->check(not_empty());
  auto* resume_flag = command.add_flag("--resume", resume, "Go on where an interrupted run ended");
  command.add_flag("--force", force, "Replace the results folder if it exists")
      ->excludes(resume_flag);
}

std::filesystem::path OutputOptions::folder(const Config& config) const {
  return out.empty() ? std::filesystem::path("runs") / config.name : out;
}

Existing OutputOptions::existing() const {
  return resume ? Existing::resume : force ? Existing::replace : Existing::refuse;
}

void print_summary(const Summary& summary, bool as_json) {
  if (as_json)
    print(to_text(to_json(summary), 2) + '\n');
  else
    print(render(report_tables(summary), TableFormat::terminal));
}

}  // namespace bench::cli
