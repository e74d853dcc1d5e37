#include "experiment/report.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/error.hpp"
#include "cli/commands.hpp"

namespace bench::cli {

void add_report(CLI::App& app) {
  struct Options {
    std::filesystem::path folder;
    std::string format = "terminal";
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("report", "Print the tables of a results folder");
  command->add_option("folder", options->folder, "Results folder")->required();
  command->add_option("--format", options->format, "How to print them")
      ->capture_default_str()
      ->check(CLI::IsMember(table_format_names()));
  command->callback([options] {
    const auto manifest = options->folder / "manifest.json";
    const auto summary = options->folder / "summary.json";
    if (!std::filesystem::exists(summary) && std::filesystem::exists(manifest))
      throw InputError(
          fmt::format("{}: no summary.json: the run is {}; go on with `alert-bench run --resume`",
                      options->folder.string(), JsonValue::read(manifest).at("status").string()));
    fmt::print("{}",
               render(report_tables(JsonValue::read(summary)), table_format(options->format)));
  });
}

}  // namespace bench::cli
