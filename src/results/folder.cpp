#include "results/folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <ranges>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace bench {

namespace fs = std::filesystem;

namespace {

constexpr const char* reserve_name = ".reserve";

/// What a run that was killed before its first manifest may have left.
bool is_temporary(const std::string& name) {
  return name == reserve_name || name == "manifest.json.part";
}

bool is_ours(const std::string& name) {
  for (const char* ours : {"manifest.json", "profile.json", "summary.json", "inferences.jsonl",
                           "inferences.jsonl.gz", "traces"})
    if (name == ours || name == std::string(ours) + ".part") return true;
  return name == reserve_name;
}

template <typename Predicate>
bool all_entries(const fs::path& folder, Predicate predicate) {
  return std::ranges::all_of(fs::directory_iterator(folder), [&](const auto& entry) {
    return predicate(entry.path().filename().string());
  });
}

/// Folders that were not there before.
class MadeFolders {
 public:
  /// Makes the folder and those above it.
  explicit MadeFolders(const fs::path& folder) {
    fs::path path;
    for (const fs::path& part : folder) {
      path /= part;
      if (mkdir(path.c_str(), 0777) == 0)
        made_.push_back(path);
      else if (errno != EEXIST)
        fail(folder, errno);
    }
    if (!fs::is_directory(folder)) fail(folder, fs::exists(folder) ? ENOTDIR : EEXIST);
  }
  void remove() const {
    for (const fs::path& path : made_ | std::views::reverse) rmdir(path.c_str());
  }

 private:
  [[noreturn]] void fail(const fs::path& folder, int error) const {
    remove();
    fail_to_write(folder, error, "make this folder");
  }
  std::vector<fs::path> made_;
};

/// Throws where nothing can be written there. Leaves nothing behind.
void try_place(const fs::path& folder) {
  const MadeFolders made(folder);
  try {
    check_writable(folder / reserve_name);
  } catch (...) {
    made.remove();
    throw;
  }
  made.remove();
}

}  // namespace

ResultsFolder::ResultsFolder(fs::path folder, Existing existing, const nlohmann::json& config)
    : folder_(std::move(folder)) {
  std::error_code absent;  // a name that is too long is told by try_place()
  if (fs::exists(folder_, absent) &&
      !(fs::is_directory(folder_) && all_entries(folder_, is_temporary)))
    take_over(existing, config);
  try_place(folder_);
}

void ResultsFolder::take_over(Existing existing, const nlohmann::json& config) {
  if (existing == Existing::refuse)
    throw InputError(
        fmt::format("{}: exists already; choose another --out, or add --resume to go on or "
                    "--force to replace it",
                    folder_.string()));
  const fs::path manifest = file("manifest.json");
  std::optional<JsonValue> made_by;
  std::string damage;
  bool ours = fs::exists(manifest);
  try {
    if (ours) ours = (made_by = JsonValue::read(manifest).find("config")).has_value();
  } catch (const InputError& error) {  // cut or garbled: what else lies there tells
    damage = error.what();
    ours = all_entries(folder_, is_ours);
  }
  if (!ours)
    throw InputError(
        fmt::format("{}: exists and is not a results folder (no manifest.json of one); it is left "
                    "alone",
                    folder_.string()));
  if (existing == Existing::replace) return;
  if (!made_by)
    throw InputError(fmt::format(
        "{}; so --resume cannot tell which config it is of: --force replaces it", damage));
  if (made_by->raw() != config)
    throw InputError(fmt::format("{}: was made by another config; --resume needs the same one",
                                 manifest.string()));
  for (const auto& entry : fs::recursive_directory_iterator(folder_))
    if (!entry.is_directory() || entry.is_symlink()) check_replaceable(entry.path());
  resuming_ = true;
}

void ResultsFolder::spare(const fs::path& input) const {
  if (resuming_) return;
  std::error_code error;  // what has no place in the file system, as a pipe, does not lie there
  const fs::path place = fs::weakly_canonical(input, error);
  const fs::path within = place.lexically_relative(fs::weakly_canonical(folder_));
  if (!error && !within.empty() && *within.begin() != "..")
    throw InputError(fmt::format("{}: lies in {}, which is to be replaced; choose another --out",
                                 input.string(), folder_.string()));
}

void ResultsFolder::prepare() const {
  const MadeFolders made(folder_);
  if (resuming_) return;
  // A manifest is replaced in one step: a run that is killed before that leaves a results folder.
  for (const auto& entry : fs::directory_iterator(folder_))
    if (entry.path().filename() != "manifest.json") fs::remove_all(entry.path());
}

void ResultsFolder::keep_reserve() const {
  constexpr std::size_t bytes = 1 << 16;
  write_whole(file(reserve_name), std::string(bytes, ' '));
}

void ResultsFolder::release_reserve() const { unlink(file(reserve_name).c_str()); }

void ResultsFolder::write(const std::string& name, const nlohmann::ordered_json& document) const {
  write_document(file(name), document);
}

void write_document(const fs::path& file, const nlohmann::ordered_json& document) {
  write_whole(file, to_text(document, 2) + '\n');
}

}  // namespace bench
