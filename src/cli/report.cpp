#include "report/tables.hpp"

#include <fmt/format.h>

#include <memory>

#include "base/console.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "report/trace_events.hpp"

namespace bench::cli {
namespace {

constexpr const char* trace_events_format = "perfetto";

struct Options {
  std::filesystem::path folder;
  std::string format = "terminal";
  StreamFilter streams;
};

void print_tables(const Options& options) {
  const auto manifest = options.folder / "manifest.json";
  const auto summary = options.folder / "summary.json";
  if (!std::filesystem::exists(summary) && std::filesystem::exists(manifest))
    throw InputError(
        fmt::format("{}: no summary.json: the run is {}; go on with `alert-bench run --resume`",
                    options.folder.string(), JsonValue::read(manifest).at("status").string()));
  print(render(report_tables(read_summary(JsonValue::read(summary))),
               named<TableFormat>(options.format)));
}

void report(const Options& options) {
  if (options.format == trace_events_format)
    return write_trace_events(options.folder / "inferences.jsonl", options.streams, print);
  const auto& [scheme, environment, setting] = options.streams;
  if (scheme || environment || setting)
    throw InputError(fmt::format("--scheme, --environment and --setting are for --format {}",
                                 trace_events_format));
  print_tables(options);
}

}  // namespace

void add_report(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto formats = names_of<TableFormat>();
  formats.push_back(trace_events_format);
  auto* command = app.add_subcommand(
      "report", "Print the tables of a results folder, or its log as trace events");
  command->add_option("folder", options->folder, "Results folder")->required();
  command->add_option("--format", options->format, "Of tables; perfetto: trace events of the log")
      ->capture_default_str()
      ->check(CLI::IsMember(formats));
  command->add_option("--scheme", options->streams.scheme, "perfetto: only this scheme's streams");
  command->add_option("--environment", options->streams.environment,
                      "perfetto: only this environment's streams");
  command->add_option("--setting", options->streams.setting,
                      "perfetto: only this setting's streams");
  command->callback([options] { report(*options); });
}

}  // namespace bench::cli
