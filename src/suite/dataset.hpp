// Items and labels of a data set, whatever its files are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "suite/suite.hpp"

namespace bench {

/// Numbers of one type: floats of images and sound, integers of words.
using Values = std::variant<std::vector<float>, std::vector<std::int64_t>>;

/// What one inference is given, and the right answers.
struct Burst {
  Values values;
  std::vector<std::size_t> shape;     ///< {items, item's shape...}; words: {1, words so far}
  std::vector<std::uint32_t> labels;  ///< of each item, below the suite's classes
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Images, clips, ... or sentences.
  virtual std::size_t size() const = 0;
  /// `items` after each other as one burst. Of a sentence, which comes alone: its start and its
  /// first `position` words; the label is the next word.
  /// Throws InputError, naming the file, where an item that is read only now is bad.
  virtual Burst burst(std::span<const std::size_t> items, std::size_t position) const = 0;
  /// The item in words, for messages: its file, or its place in one.
  virtual std::string describe(std::size_t item) const = 0;
  /// An item is a sentence, and each of its words an input.
  virtual bool sequential() const { return false; }
  /// How many inputs the item makes: 1, or the words of a sentence.
  virtual std::size_t inputs(std::size_t) const { return 1; }
  /// Inputs that share a deadline are of one speaker; 0 where the data has none.
  virtual std::uint32_t speaker(std::size_t) const { return 0; }
};

/// Throws MachineError where files are absent (with the commands that bring them), and InputError
/// where they are malformed, do not fit each other, or a label is outside the classes. Sound files
/// are read only when they are asked for. `threads` are LibTorch's, which reads tensor files
/// (suite/runtime.hpp).
std::unique_ptr<Dataset> open_dataset(const Suite& suite, std::size_t threads);

}  // namespace bench
