// A progress bar on stderr, only where that is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace bench {

class Progress {
 public:
  Progress(std::string what, std::size_t steps);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step();
  /// Where a terminal shows a bar, takes it away before something else is said.
  static void clear();

 private:
  void draw() const;

  std::string what_;
  std::size_t steps_;
  std::size_t done_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point begin_, drawn_;
};

}  // namespace bench
