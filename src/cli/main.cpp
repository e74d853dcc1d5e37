#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "base/json.hpp"
#include "cli/commands.hpp"
#include "contention/spec.hpp"
#include "version.hpp"

namespace {

enum ExitStatus { done = 0, failed = 1, bad_input = 2, machine_lacks = 3, interrupted = 4 };

int report(std::string_view message, ExitStatus status) {
  bench::warn(message);
  return status;
}

/// CLI11 calls an unknown command "a subcommand is required".
void check_command(const CLI::App& app, const std::string& name) {
  if (name.starts_with('-')) return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::ranges::find(names, name) == names.end())
    throw bench::InputError(fmt::format("unknown command \"{}\"{}; see alert-bench --help", name,
                                        bench::did_you_mean(name, names)));
}

/// What CLI11 answers itself: help, the version, and bad usage.
int answer(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out, messages;
  const int status = app.exit(error, out, messages);
  bench::print(out.str());
  std::istringstream lines(messages.str());
  for (std::string line; std::getline(lines, line);) bench::say(line);
  return status == 0 ? done : bad_input;
}

int parse(CLI::App& app, int argc, char** argv, const int& status) {
  try {
    if (argc > 1) check_command(app, argv[1]);
    app.parse(argc, argv);
    return status;
  } catch (const CLI::ParseError& error) {
    return answer(app, error);
  }
}

/// A path that the file system does not take: the user's, or no room to make it.
int report(const std::filesystem::filesystem_error& error) {
  const bool no_room = error.code() == std::errc::no_space_on_device;
  return report(fmt::format("{}: {}", error.path1().string(), error.code().message()),
                no_room ? failed : bad_input);
}

template <typename Body>
int status_of(Body body) {
  try {
    return body();
  } catch (const bench::InputError& error) {
    return report(error.what(), bad_input);
  } catch (const bench::MachineError& error) {
    return report(error.what(), machine_lacks);
  } catch (const bench::Interrupted&) {
    return report("interrupted; go on with --resume", interrupted);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(error);
  } catch (const std::bad_alloc&) {
    return report("out of memory", failed);
  } catch (const std::exception& error) {
    return report(error.what(), failed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::claim_standard_streams();
  bench::reset_signals();
  if (bench::is_workload_command(argc, argv)) bench::run_workload_command(argc, argv);
  bench::catch_signals();

  CLI::App app("Experiment harness for the ALERT scheduler (USENIX ATC 2020)", "alert-bench");
  app.set_version_flag("--version", fmt::format("alert-bench {}", bench::version));
  app.require_subcommand(1);
  int status = done;
  bench::cli::add_run(app);
  bench::cli::add_profile(app);
  bench::cli::add_record(app);
  bench::cli::add_replay(app);
  bench::cli::add_simulate(app);
  bench::cli::add_compare(app, status);
  bench::cli::add_report(app);
  bench::cli::add_validate(app, status);
  bench::cli::add_doctor(app, status);
  bench::cli::add_restore(app);
  bench::cli::add_overhead(app);
  bench::cli::add_completion(app);
  for (auto* command : app.get_subcommands({}))
    command->set_version_flag("--version", fmt::format("alert-bench {}", bench::version));
  status = status_of([&] { return parse(app, argc, argv, status); });
  const int output = status_of([] {
    bench::close_output();
    return done;
  });
  return status == done ? output : status;
}
