// The inputs of a run: which items each one has, which share a deadline, and what happens where one
// cannot be read or a module fails on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "trace/trace.hpp"

namespace bench {

/// In-place Fisher-Yates with a result that is the same on every standard library.
template <typename T>
void shuffle(std::vector<T>& values, std::mt19937_64& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

/// Sizes of the groups that share a deadline, seeded; {group, position, size} of each input. The
/// last group may be shorter.
std::vector<GroupPosition> group_positions(const InputsSpec& inputs);

class InputStream {
 public:
  /// `count` inputs of the split, items in a seeded order that starts again when all are used. A
  /// group has one speaker, where the data tells speakers; in a sequential suite it is a sentence.
  InputStream(const Dataset& dataset, const Split& split, const InputsSpec& inputs,
              std::size_t count);

  const GroupPosition& group(std::size_t input) const { return plan_[input].group; }
  Burst burst(std::size_t input) const;

  /// Runs `body`, which reads the input or runs a module on it. Where that fails: throws an
  /// InputError that names the input, or returns it as the reason why the input is lost.
  template <typename Body>
  std::optional<std::string> attempt(std::size_t input, OnError on_error, Body body) const {
    try {
      body();
      return std::nullopt;
    } catch (const InputError& error) {
      return lose(input, on_error, error.what());
    } catch (const ModuleError& error) {
      return lose(input, on_error, error.what());
    }
  }

 private:
  struct Planned {
    GroupPosition group;
    std::vector<std::size_t> items;
  };
  void plan_sentences(const std::vector<std::size_t>& order, std::size_t count);
  void plan_groups(const std::vector<std::size_t>& order, const InputsSpec& inputs,
                   std::size_t count);
  std::string lose(std::size_t input, OnError on_error, const char* reason) const;

  const Dataset& dataset_;
  std::vector<Planned> plan_;
};

/// Tells people on stderr, where inputs were lost.
class LostInputs {
 public:
  explicit LostInputs(std::string what) : what_(std::move(what)) {}
  void add(const std::string& reason);
  void report(std::size_t inputs) const;

 private:
  std::string what_, first_;
  std::size_t count_ = 0;
};

}  // namespace bench
