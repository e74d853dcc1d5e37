// One function per command: adds it to the app. A command that runs to its end may set `status` to
// 1 (a gate or a check failed); errors are thrown (base/error.hpp).
#pragma once

#include <CLI/CLI.hpp>

namespace bench::cli {

void add_run(CLI::App& app);
void add_profile(CLI::App& app);
void add_record(CLI::App& app);
void add_replay(CLI::App& app);
void add_simulate(CLI::App& app);
void add_compare(CLI::App& app, int& status);
void add_report(CLI::App& app);
void add_validate(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);
void add_restore(CLI::App& app);
void add_overhead(CLI::App& app);
void add_completion(CLI::App& app);

}  // namespace bench::cli
