// Counts the inputs that a stream lost.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace bench {

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
