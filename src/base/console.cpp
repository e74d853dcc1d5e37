#include "base/console.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/text.hpp"

namespace bench {
namespace {

FILE* output = stdout;  // null: closed

[[noreturn]] void fail() {
  output = nullptr;  // told once
  throw std::runtime_error(
      fmt::format("standard output: cannot write: {}", std::generic_category().message(errno)));
}

}  // namespace

void claim_standard_streams() {
  const bool no_output = fcntl(STDOUT_FILENO, F_GETFD) < 0;
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    // open() takes the lowest number that is free.
    if (fcntl(number, F_GETFD) < 0 && open("/dev/null", O_RDWR) != number) _exit(1);

  output =
      no_output ? nullptr : fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "w");
  if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(1);
  if (!output) return;  // print() fails
  // Whole lines leave at once: where both streams go to one place, what is said stays in order.
  std::setvbuf(output, nullptr, _IOLBF, BUFSIZ);
}

void print(std::string_view text) {
  if (text.empty()) return;
  if (!output) errno = EBADF;
  if (!output || std::fwrite(text.data(), 1, text.size(), output) != text.size()) fail();
}

void close_output() {
  if (output && std::fclose(std::exchange(output, nullptr)) != 0) fail();
}

void say(std::string_view line) {
  constexpr std::size_t longest = 4000;
  const std::string text = printable(shortened(line, longest)) + '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void warn(std::string_view message) { say(fmt::format("alert-bench: {}", message)); }

}  // namespace bench
