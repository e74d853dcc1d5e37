#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <new>

#include "base/files.hpp"

#include "suite/formats.hpp"

namespace bench {
namespace {

/// The whole file, decompressed where it is gzip.
std::vector<std::uint8_t> read_all(const std::filesystem::path& file) {
  // Images compress to a tenth or so: what grows a hundredfold, or beyond this, is none of ours.
  constexpr std::uintmax_t any_size = 64 << 20, most = 1 << 30;
  Descriptor descriptor = open_regular(file, most);
  const std::uintmax_t limit = std::min(most, any_size + 100 * std::filesystem::file_size(file));
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzdopen(descriptor.release(), "rb"), gzclose);
  if (!in) throw std::bad_alloc();
  constexpr unsigned chunk = 1 << 20;
  std::vector<std::uint8_t> content;
  int read = 0;
  do {
    const std::size_t size = content.size();
    content.resize(size + chunk);
    read = gzread(in.get(), content.data() + size, chunk);
    content.resize(size + static_cast<std::size_t>(std::max(read, 0)));
    if (content.size() > limit)
      fail_file(file, fmt::format("holds more than the {} bytes that are allowed: 1 GiB, or 64 MiB "
                                  "and 100 times its compressed size",
                                  limit));
  } while (read > 0);
  // A gzip file that is cut short ends like a whole one, but for the status.
  int status = Z_OK;
  const std::string message = gzip_error(in.get(), status);
  if (status != Z_OK) fail_file(file, fmt::format("cannot decompress this file: {}", message));
  return content;
}

/// What a file that is not of unsigned bytes seems to be.
std::string beginning(std::span<const std::uint8_t> content) {
  if (content.empty()) return "is empty";
  if (content.size() > 1 && content[0] == 0x1f && content[1] == 0x8b) return "is compressed twice";
  return fmt::format("starts with {:02x}",
                     fmt::join(content.first(std::min<std::size_t>(content.size(), 4)), " "));
}

class IdxDataset final : public Dataset {
 public:
  IdxDataset(const Suite& suite, const IdxFiles& files) : images_file_(files.images) {
    Idx images = read_idx(files.images);
    Idx labels = read_idx(files.labels);
    if (images.shape.size() != 3)
      fail_file(files.images, fmt::format("must have 3 dimensions (images, rows, columns), has {}",
                                          images.shape.size()));
    if (images.bytes.empty())
      fail_file(files.images, fmt::format("has no pixels: {}", fmt::join(images.shape, " x ")));
    if (labels.shape.size() != 1)
      fail_file(files.labels, fmt::format("must have 1 dimension, has {}", labels.shape.size()));
    if (images.shape[0] != labels.shape[0])
      fail_file(files.labels, fmt::format("has {} labels, but {} has {} images", labels.shape[0],
                                          files.images.string(), images.shape[0]));
    const auto outside = std::ranges::find_if(
        labels.bytes, [&](std::uint8_t label) { return label >= suite.classes; });
    if (outside != labels.bytes.end())
      fail_file(files.labels, fmt::format("label of item {} is {}, but the suite has {} classes",
                                          outside - labels.bytes.begin(), *outside, suite.classes));
    image_shape_ = {1, images.shape[1], images.shape[2]};
    pixels_ = std::move(images.bytes);
    labels_ = std::move(labels.bytes);
  }

  std::size_t size() const override { return labels_.size(); }

  /// Floats in [0, 1], {items, 1, rows, columns}.
  Burst burst(std::span<const std::size_t> items, std::size_t) const override {
    const std::size_t image_size = pixels_.size() / size();
    std::vector<float> values;
    values.reserve(items.size() * image_size);
    Burst burst;
    for (const std::size_t item : items) {
      for (const std::uint8_t byte : std::span(pixels_).subspan(item * image_size, image_size))
        values.push_back(static_cast<float>(byte) / 255.0f);
      burst.labels.push_back(labels_[item]);
    }
    burst.values = std::move(values);
    burst.shape = {items.size()};
    burst.shape.insert(burst.shape.end(), image_shape_.begin(), image_shape_.end());
    return burst;
  }

  std::string describe(std::size_t item) const override {
    return fmt::format("image {} of {}", item, images_file_.string());
  }

 private:
  std::filesystem::path images_file_;
  std::vector<std::size_t> image_shape_;
  std::vector<std::uint8_t> pixels_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace

Idx read_idx(const std::filesystem::path& file) {
  std::vector<std::uint8_t> content = read_all(file);
  if (content.size() < 4 || content[0] != 0 || content[1] != 0 || content[2] != 0x08 ||
      content[3] == 0)
    fail_file(file, fmt::format("not an IDX file of unsigned bytes: must start with 00 00 08 and "
                                "the number of dimensions, {}",
                                beginning(content)));
  const std::size_t header_size = 4 + 4 * std::size_t{content[3]};
  if (content.size() < header_size) fail_file(file, "truncated in its IDX header");

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
    fail_file(file, fmt::format("its IDX header says {} bytes of data, found {}",
                                fmt::join(idx.shape, " x "), found));
  content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(header_size));
  idx.bytes = std::move(content);
  return idx;
}

std::unique_ptr<Dataset> open_idx_dataset(const Suite& suite, const IdxFiles& files) {
  return std::make_unique<IdxDataset>(suite, files);
}

}  // namespace bench
