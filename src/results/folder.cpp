#include "results/folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>

#include "base/error.hpp"

namespace bench {

namespace fs = std::filesystem;

ResultsFolder::ResultsFolder(fs::path folder, Existing existing, const nlohmann::json& config)
    : folder_(std::move(folder)) {
  const fs::path manifest = file("manifest.json");
  const bool occupied =
      fs::exists(folder_) && !(fs::is_directory(folder_) && fs::is_empty(folder_));
  if (occupied) {
    if (existing == Existing::refuse)
      throw InputError(
          fmt::format("{}: exists already; choose another --out, or add --resume to go on or "
                      "--force to replace it",
                      folder_.string()));
    if (!fs::exists(manifest) || !JsonValue::read(manifest).find("config"))
      throw InputError(
          fmt::format("{}: exists and is not a results folder (no manifest.json of "
                      "one); it is left alone",
                      folder_.string()));
    if (existing == Existing::resume) {
      if (JsonValue::read(manifest).at("config").raw() != config)
        throw InputError(fmt::format("{}: was made by another config; --resume needs the same one",
                                     manifest.string()));
      resuming_ = true;
    }
  }
}

void ResultsFolder::spare(const fs::path& input) const {
  if (resuming_) return;
  const fs::path within =
      fs::weakly_canonical(input).lexically_relative(fs::weakly_canonical(folder_));
  if (!within.empty() && *within.begin() != "..")
    throw InputError(fmt::format("{}: lies in {}, which is to be replaced; choose another --out",
                                 input.string(), folder_.string()));
}

void ResultsFolder::prepare() const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!error && !resuming_)
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove_all(entry.path());
  if (error)
    throw InputError(
        fmt::format("{}: cannot make this folder: {}", folder_.string(), error.message()));
}

void ResultsFolder::write(const std::string& name, const nlohmann::ordered_json& document) const {
  write_document(file(name), document);
}

void write_document(const fs::path& file, const nlohmann::ordered_json& document) {
  fs::path temporary = file;
  temporary += ".part";
  std::ofstream out(temporary, std::ios::trunc);
  out << document.dump(2) << '\n';
  out.close();
  std::error_code error(out ? 0 : errno, std::generic_category());
  if (!error) fs::rename(temporary, file, error);
  if (error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw InputError(fmt::format("{}: cannot write: {}", file.string(), error.message()));
  }
}

}  // namespace bench
