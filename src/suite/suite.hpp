// suite.json (models/README.md): models, the data set and its splits. No LibTorch here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "alert/profile.hpp"
#include "base/json.hpp"

namespace bench {

struct ModelSpec {
  std::string name;
  std::filesystem::path file;  ///< absolute, or relative to the working directory
  alert::ModelKind kind = alert::ModelKind::traditional;
  std::string sha256;
  std::vector<double> accuracy;    ///< q(i,k) on the profiling split, [stage]
  std::vector<double> perplexity;  ///< of a language model, likewise; empty where it has none
};

/// Inclusive range of items of the data set.
struct Split {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t size() const { return last - first + 1; }
};

/// Images and labels as IDX files of unsigned bytes.
struct IdxFiles {
  std::filesystem::path images;
  std::filesystem::path labels;
};

/// Sound files in a folder, and a CSV table of them with the header "file,label" or
/// "file,label,speaker".
struct AudioFiles {
  std::filesystem::path folder;
  std::filesystem::path labels;
  std::size_t sample_rate_hz = 16000;  ///< clips are resampled to it
  double duration_s = 1.0;             ///< clips are cut or padded with silence, at their end
};

/// Tensors as torch.save writes them: items [N, ...] of float32 or int64, labels [N] of int64.
struct TensorFiles {
  std::filesystem::path items;
  std::filesystem::path labels;
};

/// Sentences, one per line, words separated by spaces, and the vocabulary, one word per line: the
/// line number, from 0, is the word's id. Ids 0 and 1 are the unknown word and the sentence's
/// start.
struct TextFiles {
  std::filesystem::path sentences;
  std::filesystem::path vocabulary;
  std::string sentences_sha256, vocabulary_sha256;
};

using DataFiles = std::variant<IdxFiles, AudioFiles, TensorFiles, TextFiles>;

struct DataSpec {
  DataFiles files;
  std::string debian_package;  ///< that the data comes from; may be empty
  std::string setup;           ///< the script that prepares the files, for messages; may be empty
  Split profiling, evaluation;

  /// Modules carry a state from each input of a group to the next (models/README.md).
  bool sequential() const { return std::holds_alternative<TextFiles>(files); }
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
