#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/console.hpp"
#include "cli/commands.hpp"

namespace bench::cli {
namespace {

struct Options {
  std::filesystem::path base, candidate;
  std::vector<std::string> gates;
  std::string format = "terminal";
};

JsonValue read_summary(const std::filesystem::path& folder) {
  return JsonValue::read(folder / "summary.json");
}

bool run(const Options& options) {
  std::vector<Gate> gates;
  for (const auto& text : options.gates) gates.push_back(parse_gate(text));
  const JsonValue base = read_summary(options.base), candidate = read_summary(options.candidate);
  const Comparison comparison = compare(base, candidate, gates);

  const auto names = comparison_format_names();
  const auto format = std::ranges::find(names, options.format) - names.begin();
  print(render(comparison, gates, static_cast<ComparisonFormat>(format)));
  for (const JsonValue& summary : {base, candidate})
    if (!gates.empty() && summary.at("mode").string() == "live")
      warn(
          fmt::format("{}: a live run: gates on it fire on noise; gate replays", summary.source()));
  return comparison.gates_hold();
}

}  // namespace

void add_compare(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "compare", "Compare two results folders row by row; exit 1 when a gate fails");
  command->add_option("base", options->base, "Results folder")->required();
  command->add_option("candidate", options->candidate, "Results folder")->required();
  command
      ->add_option("--gate", options->gates,
                   "How much worse a row may get: energy=2%, error=1%, violations=0; repeatable")
      ->type_name("METRIC=LIMIT")
      ->take_all();
  command->add_option("--format", options->format, "How to print the comparison")
      ->capture_default_str()
      ->check(CLI::IsMember(comparison_format_names()));
  command->callback([options, &status] {
    if (!run(*options)) status = 1;
  });
}

}  // namespace bench::cli
