// Items and labels of a data set, from IDX files (plain or gzip).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "suite/suite.hpp"

namespace bench {

/// An IDX file of unsigned bytes: "\0\0\x08" + dimensions, big-endian sizes, then the bytes.
struct Idx {
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;
};
Idx read_idx(const std::filesystem::path& file);

class Dataset {
 public:
  /// Throws MachineError where the files are absent (with the apt command that brings them), and
  /// InputError where they are malformed, do not fit each other, or a label is outside the classes.
  explicit Dataset(const Suite& suite);

  std::size_t size() const { return labels_.size(); }
  /// Shape of one item as a module takes it: {1, rows, columns}.
  const std::vector<std::size_t>& item_shape() const { return item_shape_; }
  /// Items `indices` after each other as floats in [0, 1].
  std::vector<float> burst(std::span<const std::size_t> indices) const;
  std::uint8_t label(std::size_t index) const { return labels_[index]; }

 private:
  std::vector<std::size_t> item_shape_;
  std::vector<std::uint8_t> items_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace bench
