#include "base/progress.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/console.hpp"
#include "base/text.hpp"

namespace bench {

using namespace std::chrono_literals;

namespace {

/// One that can draw a line anew.
bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind && std::string_view(kind) != "dumb";
}

}  // namespace

Progress::Progress(std::string what, std::size_t steps)
    : what_(printable(what)),
      steps_(std::max<std::size_t>(steps, 1)),
      terminal_(is_terminal()),
      begin_(std::chrono::steady_clock::now()),
      drawn_(begin_) {
  if (terminal_)
    draw();
  else
    say(what_);
}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (is_terminal()) std::fputs("\r\033[K", stderr);
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
  const std::string line = fmt::format("\r\033[K{} [{:=<{}}{: <{}}] {:3.0f}% {}", what_, "", filled,
                                       "", width - filled, 100.0 * share, left);
  std::fputs(line.c_str(), stderr);
}

}  // namespace bench
