// suite.json: the models of a suite, the data set and its splits (formats.md). No LibTorch here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "alert/profile.hpp"
#include "base/json.hpp"

namespace bench {

struct ModelSpec {
  std::string name;
  std::filesystem::path file;  ///< absolute, or relative to the working directory
  alert::ModelKind kind = alert::ModelKind::traditional;
  std::string sha256;
  std::vector<double> accuracy;  ///< q(i,k) on the profiling split, [stage]
};

/// Inclusive range of indices into the data set.
struct Split {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t size() const { return last - first + 1; }
};

struct DataSpec {
  std::string format;  ///< "idx"
  std::filesystem::path images;
  std::filesystem::path labels;
  std::string debian_package;  ///< that installs the files; may be empty
  Split profiling, evaluation;
};

struct Suite {
  std::string name;
  std::string task;
  std::string metric;
  std::size_t classes = 0;
  double q_fail = 0.0;
  DataSpec data;
  std::vector<ModelSpec> models;
};

std::string to_string(alert::ModelKind kind);
alert::ModelKind parse_model_kind(const JsonValue& value);

/// Reads and checks `folder`/suite.json: names unique, splits disjoint, files there. Model files
/// are hashed only by check_hashes().
Suite read_suite(const std::filesystem::path& folder);
/// Throws InputError for the first model file whose sha256 differs.
void check_hashes(const Suite& suite);

}  // namespace bench
