#include "alert/profile.hpp"

#include <functional>
#include <limits>

#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::Candidate;
using alert::Profile;
using test::any, test::large;

TEST_CASE("candidates are ordered by model, then stage, then cap") {
  CHECK(Candidate{0, 9, 9} < Candidate{1, 1, 0});
  CHECK(Candidate{0, 1, 9} < Candidate{0, 2, 0});
  CHECK(Candidate{0, 1, 0} < Candidate{0, 1, 1});
}

TEST_CASE("the last cap is the default") { CHECK(test::hand_made_profile().default_cap() == 2); }

TEST_CASE("fault: a sound profile has none") {
  CHECK(fault(test::hand_made_profile()).empty());
  test::Random random(1);
  for (int i = 0; i < 100; ++i) CHECK(fault(test::random_profile(random)).empty());
}

TEST_CASE("fault: each is told in words") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    std::string text;
    std::function<void(Profile&)> spoil;
  };
  const std::vector<Case> cases{
      {"no power cap", [](Profile& p) { p.power_caps_w.clear(); }},
      {"a power cap is not above 0", [](Profile& p) { p.power_caps_w[0] = 0.0; }},
      {"power caps do not ascend", [](Profile& p) { p.power_caps_w[1] = 10.0; }},
      {"q_fail outside [0, 1]", [](Profile& p) { p.q_fail = 1.1; }},
      {"q_fail outside [0, 1]", [](Profile& p) { p.q_fail = nan; }},
      {"idle power below 0", [](Profile& p) { p.idle_power_w = -1.0; }},
      {"idle power below 0", [](Profile& p) { p.idle_power_w = nan; }},
      {"no model", [](Profile& p) { p.models.clear(); }},
      {"model \"large\": no stage", [](Profile& p) { p.models[large].accuracy.clear(); }},
      {"model \"any\": a traditional DNN has one stage",
       [](Profile& p) { p.models[any].kind = alert::ModelKind::traditional; }},
      {"model \"large\": accuracy outside [0, 1]",
       [](Profile& p) { p.models[large].accuracy[0] = 90.0; }},
      {"model \"large\": accuracy outside [0, 1]",
       [](Profile& p) { p.models[large].accuracy[0] = nan; }},
      {"model \"large\": latency_s needs one row per cap",
       [](Profile& p) { p.models[large].latency_s.pop_back(); }},
      {"model \"large\": busy_power_w needs one value per cap",
       [](Profile& p) { p.models[large].busy_power_w.pop_back(); }},
      {"model \"large\": busy power not above 0",
       [](Profile& p) { p.models[large].busy_power_w[1] = 0.0; }},
      {"model \"any\": latency_s needs one value per stage",
       [](Profile& p) { p.models[any].latency_s[1].pop_back(); }},
      {"model \"any\": latency not above 0",
       [](Profile& p) { p.models[any].latency_s[1][0] = 0.0; }},
      {"model \"any\": stage latencies are cumulative and ascend",
       [](Profile& p) { std::ranges::reverse(p.models[any].latency_s[1]); }},
  };
  for (const auto& [text, spoil] : cases) {
    Profile profile = test::hand_made_profile();
    spoil(profile);
    CHECK(fault(profile) == text);
  }
}
