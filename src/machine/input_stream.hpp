// The inputs of a run: which items each one has, which share a deadline, and what happens where one
// cannot be read or a module fails on it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/config.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "trace/trace.hpp"

namespace bench {

class InputStream {
 public:
  /// `count` inputs of the split, items in a seeded order that starts again when all are used. A
  /// group has one speaker, where the data tells speakers; in a sequential suite it is a sentence.
  InputStream(const Dataset& dataset, const Split& split, const InputsSpec& inputs,
              std::size_t count);

  const GroupPosition& group(std::size_t input) const { return plan_[input].group; }
  Burst burst(std::size_t input) const;
  /// An input for people: its number and its items.
  std::string describe(std::size_t input) const;

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

}  // namespace bench
