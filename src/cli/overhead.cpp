#include "experiment/overhead.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/console.hpp"
#include "cli/commands.hpp"
#include "report/table.hpp"

namespace bench::cli {
namespace {

struct Options {
  std::filesystem::path platform = "configs/platforms/emulated-laptop.json";
  std::size_t decisions = 1'000'000;
  std::size_t repetitions = 11;
};

void run(const Options& options) {
  Table costs{
      "cost of one operation on this machine", {"operation", "median [ns]", "range"}, {}, {}};
  for (const auto& [what, median, least, greatest] :
       measure_overhead(options.platform, options.repetitions))
    costs.rows.push_back(
        {what, fmt::format("{:.0f}", median), fmt::format("{:.0f} to {:.0f}", least, greatest)});

  Table replay{fmt::format("replay of {} decisions, one core", options.decisions),
               {"candidates", "time [s]", "per decision [ns]", "per candidate [ns]"},
               {},
               "decide, outcome, observe and tally of `alert`; no log."};
  for (const std::size_t models : {3, 6, 12}) {
    const std::size_t candidates = models * 8;
    const double time_s = time_replay(options.decisions, models);
    const double decision_ns = 1e9 * time_s / static_cast<double>(options.decisions);
    replay.rows.push_back({std::to_string(candidates), fmt::format("{:.2f}", time_s),
                           fmt::format("{:.0f}", decision_ns),
                           fmt::format("{:.1f}", decision_ns / static_cast<double>(candidates))});
  }
  print(render({costs, replay}, TableFormat::terminal));
}

}  // namespace

void add_overhead(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "overhead",
      "Measure the cost of a decision, a meter window, a cap set, a log record, a replay");
  command->add_option("--platform", options->platform, "Platform file")->capture_default_str();
  command->add_option("--decisions", options->decisions, "Decisions of the replay")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000000));
  command->add_option("--repetitions", options->repetitions, "Timed batches per operation")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command->callback([options] { run(*options); });
}

}  // namespace bench::cli
