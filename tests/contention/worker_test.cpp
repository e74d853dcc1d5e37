#include "contention/spec.hpp"
#include "support/catch.hpp"

using namespace bench;

namespace {
constexpr std::size_t mebibyte = std::size_t{1} << 20;
}

TEST_CASE("memory_array_size: 4 times the last-level cache") {
  // A quarter of 8 GiB over 2 * 3 arrays: 341 MiB each, above 4 * 16 MiB.
  const ArraySize size = memory_array_size(2, 16 * mebibyte, 8192 * mebibyte);
  CHECK(size.bytes == 64 * mebibyte);
  CHECK(size.reason == "4 times the last-level cache of 16 MiB");
}

TEST_CASE("memory_array_size: within a quarter of the available memory") {
  // A quarter of 7200 MiB over 2 * 3 arrays: 300 MiB each, below 4 * 512 MiB.
  const ArraySize size = memory_array_size(2, 512 * mebibyte, 7200 * mebibyte);
  CHECK(size.bytes == 300 * mebibyte);
  CHECK(size.reason ==
        "a quarter of the 7200 MiB of available memory, over 3 arrays for each of 2 workers; 4 "
        "times the last-level cache would be 2048 MiB an array");
}

TEST_CASE("memory_array_size: this machine has a size") {
  CHECK(memory_array_size(1).bytes > mebibyte);
}

TEST_CASE("workload command: is told from every other command") {
  std::vector<std::string> command = workload_command({Workload::memory, {}, 800, 5, 3, 42});
  CHECK(command ==
        std::vector<std::string>{"alert-bench", "contend", "memory", "800", "5", "3", "42"});
  char* argv[] = {command[0].data(), command[1].data()};
  CHECK(is_workload_command(2, argv));
  CHECK_FALSE(is_workload_command(1, argv));
  command[1] = "run";
  argv[1] = command[1].data();
  CHECK_FALSE(is_workload_command(2, argv));
}
