#include "suite/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "suite/formats.hpp"

namespace bench {
namespace {

std::vector<std::filesystem::path> paths_of(const DataFiles& files) {
  struct Paths {
    std::vector<std::filesystem::path> operator()(const IdxFiles& f) const {
      return {f.images, f.labels};
    }
    std::vector<std::filesystem::path> operator()(const AudioFiles& f) const {
      return {f.folder, f.labels};
    }
    std::vector<std::filesystem::path> operator()(const TensorFiles& f) const {
      return {f.items, f.labels};
    }
    std::vector<std::filesystem::path> operator()(const TextFiles& f) const {
      return {f.sentences, f.vocabulary};
    }
  };
  return std::visit(Paths(), files);
}

void check_installed(const Suite& suite) {
  for (const auto& file : paths_of(suite.data.files)) {
    if (std::filesystem::exists(file)) continue;
    std::string message =
        fmt::format("{}: the data of suite \"{}\" is not there", file.string(), suite.name);
    if (!suite.data.debian_package.empty())
      message += fmt::format("; get it with: apt-get install {}", suite.data.debian_package);
    if (!suite.data.setup.empty())
      message += fmt::format(
          "{} {}", suite.data.debian_package.empty() ? "; run:" : ", then run:", suite.data.setup);
    throw MachineError(message);
  }
}

void check_split(const Suite& suite, const Split& split, std::string_view name, std::size_t size) {
  if (split.last < size) return;
  throw InputError(fmt::format("suite \"{}\": the {} split is [{}, {}], but {} has only {} items",
                               suite.name, name, split.first, split.last,
                               paths_of(suite.data.files).front().string(), size));
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const Suite& suite, std::size_t threads) {
  check_installed(suite);
  struct Open {
    const Suite& suite;
    std::size_t threads;
    std::unique_ptr<Dataset> operator()(const IdxFiles& files) const {
      return open_idx_dataset(suite, files);
    }
    std::unique_ptr<Dataset> operator()(const AudioFiles& files) const {
      return open_audio_dataset(suite, files);
    }
    std::unique_ptr<Dataset> operator()(const TensorFiles& files) const {
      return open_tensor_dataset(suite, files, threads);
    }
    std::unique_ptr<Dataset> operator()(const TextFiles& files) const {
      return open_text_dataset(suite, files);
    }
  };
  auto dataset = std::visit(Open{suite, threads}, suite.data.files);
  check_split(suite, suite.data.profiling, "profiling", dataset->size());
  check_split(suite, suite.data.evaluation, "evaluation", dataset->size());
  return dataset;
}

std::vector<std::string> read_lines(const std::filesystem::path& file) {
  constexpr std::uint64_t max_bytes = 256 << 20;
  std::istringstream in(read_text(file, max_bytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.find('\0') != std::string::npos)
      fail_file(fmt::format("{}:{}", file.string(), lines.size() + 1),
                "has a null character: not a text file in UTF-8");
    lines.push_back(line);
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (!lines.empty() && lines[0].starts_with(byte_order_mark))
    lines[0].erase(0, byte_order_mark.size());
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

void fail_file(const std::filesystem::path& file, std::string_view message) {
  throw InputError(fmt::format("{}: {}", file.string(), message));
}

}  // namespace bench
