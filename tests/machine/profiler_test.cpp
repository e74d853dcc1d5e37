#include "machine/profiler.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/fake_machine.hpp"

using namespace bench;
using test::FakeMachine;

TEST_CASE("profiler: means over the profiling inputs are what the machine does") {
  InputsSpec inputs;
  inputs.profile = 5;
  FakeMachine machine(inputs);
  machine.slowdown = 3.0;
  const ProfileFile file = measure_profile(machine, inputs, OnError::stop);

  CHECK(machine.calls.size() == 5 * 9);
  for (const FakeMachine::Call& call : machine.calls) CHECK(call.item < 50);
  CHECK(file.suite == "fake");
  CHECK(file.profile.q_fail == machine.profile.q_fail);
  CHECK(file.profile.power_caps_w == machine.caps_w());
  CHECK(file.profile.idle_power_w == Approx(3.0));
  REQUIRE(file.profile.models.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& truth = machine.profile.models[i];
    CHECK(file.profile.models[i].accuracy == truth.accuracy);
    for (std::size_t cap = 0; cap < 3; ++cap) {
      CHECK(file.profile.models[i].busy_power_w[cap] == Approx(truth.busy_power_w[cap]));
      for (std::size_t k = 0; k < truth.stages(); ++k) {
        CHECK(file.profile.models[i].latency_s[cap][k] == Approx(3.0 * truth.latency_s[cap][k]));
        CHECK(file.profile.models[i].latency_std_s[cap][k] == Approx(0.0).margin(1e-12));
      }
    }
  }
}

TEST_CASE("profiler: idle gaps are no shorter than the meter's least window") {
  InputsSpec inputs;
  inputs.profile = 1;
  FakeMachine machine(inputs);
  machine.least_window = 0.5;
  measure_profile(machine, inputs, OnError::stop);
  CHECK(machine.idle_s == std::vector<double>(9, 0.5));
}

TEST_CASE("profiler: inputs that fail are left out; with none left there is no profile") {
  InputsSpec inputs;
  inputs.profile = 2;
  FakeMachine machine(inputs);
  const auto item = [&](std::size_t input) {
    return std::get<std::vector<std::int64_t>>(machine.profiling_inputs().burst(input).values)[0];
  };
  machine.failing.insert({test::small, item(0)});
  CHECK_THROWS_AS(measure_profile(machine, inputs, OnError::stop), InputError);
  CHECK_NOTHROW(measure_profile(machine, inputs, OnError::skip));
  machine.failing.insert({test::small, item(1)});
  CHECK_THROWS_WITH(measure_profile(machine, inputs, OnError::skip),
                    Catch::Matchers::Contains("every input was lost"));
}
