#include "machine/recorder.hpp"

#include <set>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/fake_machine.hpp"
#include "support/temporary_folder.hpp"
#include "trace/trace.hpp"

using namespace bench;
using test::FakeMachine;

namespace {

Config config_of(std::size_t inputs) {
  Config config;
  config.inputs.count = inputs;
  return config;
}

std::vector<TraceInput> read_all(const std::filesystem::path& file) {
  TraceReader reader(file);
  std::vector<TraceInput> inputs;
  for (TraceInput input; reader.next(input);) inputs.push_back(input);
  return inputs;
}

}  // namespace

TEST_CASE("recorder: every configuration runs on every input, in an order that changes") {
  const test::TemporaryFolder folder;
  const Config config = config_of(4);
  FakeMachine machine(config.inputs);
  record_trace(machine, config, test::contended({{2, 3}}), folder.path() / "t.jsonl", false);

  REQUIRE(machine.calls.size() == 4 * 9);
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> orders(4);
  for (std::size_t i = 0; i < machine.calls.size(); ++i) {
    CHECK(machine.calls[i].contention == (i / 9 >= 2));
    orders[i / 9].emplace_back(machine.calls[i].model, machine.calls[i].cap);
  }
  for (const auto& order : orders) CHECK(std::set(order.begin(), order.end()).size() == 9);
  CHECK(orders[0] != orders[1]);
  CHECK(machine.idle_s == std::vector<double>(36, config.inputs.idle_gap_s));

  const auto trace = read_all(folder.path() / "t.jsonl");
  REQUIRE(trace.size() == 4);
  for (const TraceInput& input : trace) {
    CHECK(input.contention == (input.input >= 2));
    const double slowdown = input.contention ? 2.0 : 1.0;
    for (std::size_t model = 0; model < machine.models(); ++model)
      for (std::size_t cap = 0; cap < 3; ++cap) {
        const TraceRun& run = input.run(model, cap);
        const double latency_s = slowdown * machine.profile.models[model].latency_s[cap].back();
        CHECK(run.stage_latency_s.back() == Approx(latency_s));
        CHECK(run.busy_energy_j.value() == Approx(latency_s * machine.caps_w()[cap]));
        CHECK(run.idle_power_w.value() == Approx(input.contention ? 5.0 : 3.0));
      }
  }
}

TEST_CASE("recorder: goes on after the last whole input, as if it had not stopped") {
  const test::TemporaryFolder folder;
  const auto whole = folder.path() / "whole.jsonl", stopped = folder.path() / "stopped.jsonl";
  const EnvironmentSpec environment{"default", std::nullopt};
  const Config config = config_of(6);
  FakeMachine machine(config.inputs);
  record_trace(machine, config, environment, whole, false);

  FakeMachine first(config.inputs);
  first.failing.insert({test::large, machine.calls[4 * 9].item});
  CHECK_THROWS_AS(record_trace(first, config, environment, stopped, false), InputError);
  FakeMachine second(config.inputs);
  record_trace(second, config, environment, stopped, true);
  CHECK(second.calls == std::vector(machine.calls.begin() + 4 * 9, machine.calls.end()));
  const auto a = read_all(whole), b = read_all(stopped);
  REQUIRE(b.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(b[i].input == i);
    CHECK(b[i].run(0, 0).busy_energy_j == a[i].run(0, 0).busy_energy_j);
  }
}

TEST_CASE("recorder: an input that a model fails on is lost, and the next are not") {
  const test::TemporaryFolder folder;
  Config config = config_of(3);
  config.on_error = OnError::skip;
  FakeMachine machine(config.inputs);
  const auto item =
      std::get<std::vector<std::int64_t>>(machine.evaluation_inputs().burst(1).values)[0];
  machine.failing.insert({test::any, item});
  record_trace(machine, config, {"default", std::nullopt}, folder.path() / "t.jsonl", false);
  const auto trace = read_all(folder.path() / "t.jsonl");
  REQUIRE(trace.size() == 3);
  CHECK(trace[0].lost.empty());
  CHECK_THAT(trace[1].lost, Catch::Matchers::Contains("model fails"));
  CHECK(trace[2].lost.empty());
}
