#include "base/progress.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace bench {

using namespace std::chrono_literals;

Progress::Progress(std::string what, std::size_t steps)
    : what_(std::move(what)),
      steps_(std::max<std::size_t>(steps, 1)),
      terminal_(isatty(STDERR_FILENO) == 1),
      begin_(std::chrono::steady_clock::now()),
      drawn_(begin_) {
  if (terminal_)
    draw();
  else
    fmt::print(stderr, "{}\n", what_);
}

Progress::~Progress() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::step() {
  ++done_;
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || (now - drawn_ < 200ms && done_ < steps_)) return;
  drawn_ = now;
  draw();
}

void Progress::draw() const {
  constexpr std::size_t width = 30;
  const double share = static_cast<double>(std::min(done_, steps_)) / static_cast<double>(steps_);
  const auto filled = static_cast<std::size_t>(share * width);
  std::string left;
  if (done_ > 0) {
    const auto elapsed = std::chrono::duration<double>(drawn_ - begin_);
    const auto rest = std::chrono::ceil<std::chrono::seconds>(elapsed * (1.0 / share - 1.0));
    left = fmt::format("{:%M:%S} left", rest);
  }
  fmt::print(stderr, "\r\033[K{} [{:=<{}}{: <{}}] {:3.0f}% {}", what_, "", filled, "",
             width - filled, 100.0 * share, left);
  std::fflush(stderr);
}

}  // namespace bench
