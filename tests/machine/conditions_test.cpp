#include "machine/conditions.hpp"

#include "support/catch.hpp"
#include "support/profiles.hpp"

using namespace bench;

namespace {

using Json = nlohmann::ordered_json;

/// One model "m" of one stage, of 10 ms at each of two caps.
ProfileFile profile(double spread_at_low_cap_s) {
  ProfileFile file;
  file.profile.power_caps_w = {10.0, 20.0};
  file.profile.models = {
      {"m", alert::ModelKind::traditional, {0.9}, {{0.01}, {0.01}}, {10.0, 20.0}}};
  file.profile.models[0].latency_std_s = {{spread_at_low_cap_s}, {0.001}};
  return file;
}

Json phase(const std::string& name, Json disturbance) {
  return {{"phase", name}, {"disturbance", std::move(disturbance)}};
}

}  // namespace

TEST_CASE("warm-up: too short where the last call was slow, or the profile spreads") {
  CHECK(warm_up_warnings(profile(0.001), {{"m", 0.3, 0.015}}).empty());
  CHECK(warm_up_warnings(profile(0.001), {}).empty());
  CHECK(
      warm_up_warnings(profile(0.001), {{"m", 0.3, 0.025}}) ==
      std::vector<std::string>{"model \"m\" may not have been warm: its last warm-up call took 25 "
                               "ms, the mean of its profile is 10 ms; raise \"warmup\""});
  CHECK(warm_up_warnings(profile(0.015), {}) ==
        std::vector<std::string>{"model \"m\": its latencies in the profile spread by 150 % of "
                                 "their mean: it was not warm (raise \"warmup\"), or the machine "
                                 "was busy"});
}

TEST_CASE("conditions: what disturbed any phase, of a resumed run's first part too") {
  Json told;
  Conditions conditions([&](const Json& fields) { told = fields; });
  CHECK(conditions.fields()["machine_load"]["disturbance"].is_null());
  conditions.resume(
      {{"machine_load",
        {{"disturbance", "x"},
         {"phases", Json::array({phase("profile", "other work used 1.00 cores"),
                                 phase("live default", nullptr),
                                 phase("live memory", "the hypervisor took 0.20 cores")})}}}});
  CHECK(conditions.fields()["machine_load"]["disturbance"] ==
        "profile: other work used 1.00 cores; live memory: the hypervisor took 0.20 cores");
  conditions.add("memory", {.running_s = 2.0, .running_cpu_s = 1.5, .stopped_s = 4.0});
  CHECK(told["contention"][0]["running_cpu_s"] == 1.5);
  CHECK(told["machine_load"]["phases"].size() == 3);
}
