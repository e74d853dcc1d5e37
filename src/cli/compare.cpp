#include "report/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "base/console.hpp"
#include "cli/commands.hpp"

namespace bench::cli {
namespace {

struct Options {
  std::filesystem::path base, candidate;
  std::vector<std::string> gates, allowed;
  std::string format = "terminal";
};

bool run(const Options& options) {
  std::vector<Gate> gates;
  for (const auto& text : options.gates) gates.push_back(parse_gate(text));
  const ComparedResults base = read_compared(options.base),
                        candidate = read_compared(options.candidate);
  const Comparison comparison = compare(base, candidate, gates, options.allowed);
  print(render(comparison, named<ComparisonFormat>(options.format)));
  for (const ComparedResults& side : {base, candidate})
    if (!gates.empty() && side.summary.mode == Mode::live)
      warn(fmt::format("{}: a live run: gates on it fire on noise; gate replays", side.folder));
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
      ->add_option(
          "--gate", options->gates,
          fmt::format("How much worse a row may get: energy=2%, error=1%, late=1% (points), "
                      "violations=0, lost=0 (the default); one of {}; repeatable",
                      fmt::join(gate_names(), ", ")))
      ->type_name("METRIC=LIMIT")
      ->take_all();
  command
      ->add_option("--allow-different", options->allowed,
                   "Gate results all the same that differ in this")
      ->delimiter(',')
      ->check(CLI::IsMember(difference_names()));
  command->add_option("--format", options->format, "How to print the comparison")
      ->capture_default_str()
      ->check(CLI::IsMember(names_of<ComparisonFormat>()));
  command->callback([options, &status] {
    if (!run(*options)) status = 1;
  });
}

}  // namespace bench::cli
