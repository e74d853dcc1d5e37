#include "experiment/batches.hpp"

#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;

namespace {

constexpr std::size_t inputs = 200, tasks = 7;

std::filesystem::path write_trace(const test::TemporaryFolder& folder) {
  const auto file = folder.path() / "t.jsonl";
  TraceWriter writer(file, {"suite",
                            "default",
                            EnergySource::simulated,
                            {{"small", alert::ModelKind::traditional, {0.7}}},
                            {10.0},
                            0.1});
  TraceInput input(1, 1);
  for (std::size_t i = 0; i < inputs; ++i) {
    input.input = input.group.group = i;
    input.run(0, 0) = {{0.01}, {1.0}, 0.1, 4.0};
    writer.write(input);
  }
  writer.close();
  return file;
}

}  // namespace

TEST_CASE("every task sees all inputs in their order, and no batch before the last is done") {
  const test::TemporaryFolder folder;
  const auto file = write_trace(folder);
  std::vector<std::size_t> all(inputs);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (const std::size_t threads : {1, 2, 16}) {
    CAPTURE(threads);
    TraceReader reader(file);
    std::vector<std::vector<std::size_t>> seen(tasks);
    std::vector<std::size_t> done;
    for_each_batch(
        reader, tasks, threads,
        [&](std::size_t task, Batch batch) {
          for (const TraceInput& input : batch) seen[task].push_back(input.input);
        },
        [&](Batch batch) {
          for (const TraceInput& input : batch) done.push_back(input.input);
          for (const auto& inputs_seen : seen) CHECK(inputs_seen == done);
        });
    CHECK(done == all);
  }
}

TEST_CASE("the first task's error is passed on, once all tasks have ended") {
  const test::TemporaryFolder folder;
  const auto file = write_trace(folder);
  TraceReader reader(file);
  std::vector<int> ran(tasks, 0);
  const auto replay = [&] {
    for_each_batch(
        reader, tasks, 3,
        [&](std::size_t task, Batch) {
          ran[task] = 1;
          if (task == 2 || task == 5) throw InputError("task " + std::to_string(task));
        },
        [](Batch) { FAIL("a batch with errors is not done"); });
  };
  CHECK_THROWS_WITH(replay(), "task 2");
  CHECK(ran == std::vector<int>(tasks, 1));
}
