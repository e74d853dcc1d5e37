// A results folder (results/README.md): made once, never overwritten unasked, resumable.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.hpp"

namespace bench {

/// What to do with a folder that exists.
enum class Existing { refuse, replace, resume };

class ResultsFolder {
 public:
  /// Changes nothing. Throws InputError where the folder exists and is not to be touched: `replace`
  /// takes only what looks like a results folder (its manifest.json has a config, or is damaged and
  /// nothing else than results lies there), `resume` demands the same config and plain files; a new
  /// or empty folder is fine for both. Throws also where nothing can be written there.
  ResultsFolder(std::filesystem::path folder, Existing existing, const nlohmann::json& config);

  /// Throws InputError where prepare() would remove `input`, a file that is yet to be read.
  void spare(const std::filesystem::path& input) const;

  /// Makes the folder, empty unless resuming but for an old manifest.
  void prepare() const;

  /// Room on the disk, so that what ended a run can be written where it was a full disk.
  void keep_reserve() const;
  void release_reserve() const;

  bool resuming() const { return resuming_; }
  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }

  /// Writes a whole document or nothing: to a temporary file, then renamed.
  void write(const std::string& name, const nlohmann::ordered_json& document) const;

 private:
  void take_over(Existing existing, const nlohmann::json& config);

  std::filesystem::path folder_;
  bool resuming_ = false;
};

/// The same for a single file that a command makes.
void write_document(const std::filesystem::path& file, const nlohmann::ordered_json& document);

}  // namespace bench
