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

FILE* output = stdout;

[[noreturn]] void fail() {
  output = nullptr;  // told once
  throw std::runtime_error(
      fmt::format("standard output: cannot write: {}", std::generic_category().message(errno)));
}

}  // namespace

void claim_standard_streams() {
  // open() takes the lowest number that is free. Output that nobody can read must fail, messages
  // need not: descriptor 1 cannot be written to.
  for (const auto& [number, access] :
       {std::pair(STDIN_FILENO, O_RDONLY), {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}})
    if (fcntl(number, F_GETFD) < 0 && open("/dev/null", access) != number) _exit(1);

  output = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), "w");
  if (!output || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(1);
  // Whole lines leave at once: where both streams go to one place, what is said stays in order.
  std::setvbuf(output, nullptr, _IOLBF, BUFSIZ);
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), output) != text.size()) fail();
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
