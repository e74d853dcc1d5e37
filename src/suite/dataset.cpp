#include "suite/dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>

#include "base/error.hpp"

namespace bench {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view message) {
  throw InputError(fmt::format("{}: {}", file.string(), message));
}

/// The whole file, decompressed where it is gzip.
std::vector<std::uint8_t> read_all(const std::filesystem::path& file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(file.c_str(), "rb"), gzclose);
  if (!in) fail(file, "cannot read this file");
  constexpr unsigned chunk = 1 << 20;
  std::vector<std::uint8_t> content;
  int read = 0;
  do {
    const std::size_t size = content.size();
    content.resize(size + chunk);
    read = gzread(in.get(), content.data() + size, chunk);
    content.resize(size + static_cast<std::size_t>(std::max(read, 0)));
  } while (read > 0);
  // A gzip file that is cut short ends like a whole one, but for the status.
  int status = Z_OK;
  const char* message = gzerror(in.get(), &status);
  if (status != Z_OK) fail(file, fmt::format("cannot decompress this file: {}", message));
  return content;
}

void check_split(const Suite& suite, const Split& split, std::string_view name, std::size_t size) {
  if (split.last < size) return;
  throw InputError(fmt::format("suite \"{}\": the {} split is [{}, {}], but {} has only {} items",
                               suite.name, name, split.first, split.last,
                               suite.data.images.string(), size));
}

}  // namespace

Idx read_idx(const std::filesystem::path& file) {
  std::vector<std::uint8_t> content = read_all(file);
  if (content.size() < 4 || content[0] != 0 || content[1] != 0 || content[2] != 0x08 ||
      content[3] == 0)
    fail(
        file,
        "not an IDX file of unsigned bytes: must start with 00 00 08 and the number of dimensions");
  const std::size_t header_size = 4 + 4 * std::size_t{content[3]};
  if (content.size() < header_size) fail(file, "truncated in its IDX header");

  Idx idx;
  std::size_t expected = 1;
  bool overflow = false;
  for (std::size_t i = 4; i < header_size; i += 4) {
    const std::size_t size = std::size_t{content[i]} << 24 | std::size_t{content[i + 1]} << 16 |
                             std::size_t{content[i + 2]} << 8 | std::size_t{content[i + 3]};
    idx.shape.push_back(size);
    overflow |= __builtin_mul_overflow(expected, size, &expected);
  }
  const std::size_t found = content.size() - header_size;
  if (overflow || found != expected)
    fail(file, fmt::format("its IDX header says {} bytes of data, found {}",
                           fmt::join(idx.shape, " x "), found));
  content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(header_size));
  idx.bytes = std::move(content);
  return idx;
}

Dataset::Dataset(const Suite& suite) {
  const DataSpec& data = suite.data;
  for (const auto& file : {data.images, data.labels}) {
    if (std::filesystem::exists(file)) continue;
    throw MachineError(fmt::format(
        "{}: the data of suite \"{}\" is not installed{}", file.string(), suite.name,
        data.debian_package.empty() ? ""
                                    : "; get it with: apt-get install " + data.debian_package));
  }
  Idx images = read_idx(data.images);
  Idx labels = read_idx(data.labels);
  if (images.shape.size() != 3)
    fail(data.images, fmt::format("must have 3 dimensions (images, rows, columns), has {}",
                                  images.shape.size()));
  if (images.bytes.empty())
    fail(data.images, fmt::format("has no pixels: {}", fmt::join(images.shape, " x ")));
  if (labels.shape.size() != 1)
    fail(data.labels, fmt::format("must have 1 dimension, has {}", labels.shape.size()));
  if (images.shape[0] != labels.shape[0])
    fail(data.labels, fmt::format("has {} labels, but {} has {} images", labels.shape[0],
                                  data.images.string(), images.shape[0]));
  const auto outside = std::ranges::find_if(
      labels.bytes, [&](std::uint8_t label) { return label >= suite.classes; });
  if (outside != labels.bytes.end())
    fail(data.labels, fmt::format("label of item {} is {}, but the suite has {} classes",
                                  outside - labels.bytes.begin(), *outside, suite.classes));
  check_split(suite, data.profiling, "profiling", labels.bytes.size());
  check_split(suite, data.evaluation, "evaluation", labels.bytes.size());

  item_shape_ = {1, images.shape[1], images.shape[2]};
  items_ = std::move(images.bytes);
  labels_ = std::move(labels.bytes);
}

std::vector<float> Dataset::burst(std::span<const std::size_t> indices) const {
  const std::size_t item_size = items_.size() / size();
  std::vector<float> burst;
  burst.reserve(indices.size() * item_size);
  for (const std::size_t index : indices)
    for (const std::uint8_t byte : std::span(items_).subspan(index * item_size, item_size))
      burst.push_back(static_cast<float>(byte) / 255.0f);
  return burst;
}

}  // namespace bench
