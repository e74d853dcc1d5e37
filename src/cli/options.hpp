// Options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "results/folder.hpp"
#include "results/summary.hpp"

namespace bench::cli {

/// For an option that names a file to write.
CLI::Validator not_empty();

/// --config, --set, --seed; --schemes where schemes are run.
struct ConfigOptions {
  std::filesystem::path file;
  ConfigOverrides overrides;

  void add_to(CLI::App& command);
  void add_schemes_to(CLI::App& command);
  /// `used`: the config's keys that the command goes by; empty: all.
  Config read(const std::vector<std::string>& used = {}) const;
};

/// --out, --resume, --force.
struct OutputOptions {
  std::filesystem::path out;  ///< empty: runs/<config's name>
  bool resume = false;
  bool force = false;

  void add_to(CLI::App& command);
  std::filesystem::path folder(const Config& config) const;
  Existing existing() const;
};

/// Prints the summary's tables to stdout, or itself with `as_json`.
void print_summary(const Summary& summary, bool as_json);

}  // namespace bench::cli
