// What each scheme decides on the hand-made profile, and why.
#include "schemes/factories.hpp"
#include "support/catch.hpp"
#include "support/profiles.hpp"

using alert::Candidate;
using alert::Goal;
using alert::Profile;
using alert::Task;
using bench::default_scheme;
using bench::JsonValue;
using bench::Scheme;
using bench::SchemeSpec;
using test::any, test::large, test::small;

namespace {

Goal least_energy(double deadline_s, double accuracy) {
  return {.task = Task::minimize_energy, .deadline_s = deadline_s, .accuracy = accuracy};
}

Goal most_accuracy(double deadline_s, double energy_j) {
  return {.task = Task::maximize_accuracy, .deadline_s = deadline_s, .energy_j = energy_j};
}

SchemeSpec read(const nlohmann::json& value) {
  return bench::read_scheme(JsonValue::from(value, "test"));
}

class Player {
 public:
  explicit Player(const std::string& name, Profile profile = test::hand_made_profile())
      : profile_(std::move(profile)), scheme_(default_scheme(name).make(profile_, {})) {}

  alert::Decision decide(const Goal& goal) { return scheme_->decide({goal, goal.deadline_s}); }
  Candidate choice(const Goal& goal) { return decide(goal).candidate; }

  /// A run of the whole of `model` at the highest cap takes `xi` times as long as profiled.
  void observe_slowdown(std::size_t model, double xi) {
    const auto& latency_s = profile_.models[model].latency_s.back();
    scheme_->observe({.candidate = {model, latency_s.size(), 2},
                      .finished_stage = latency_s.size(),
                      .finished_latency_s = xi * latency_s.back()});
  }
  const Scheme& scheme() const { return *scheme_; }

 private:
  Profile profile_;
  std::unique_ptr<Scheme> scheme_;
};

Profile only(std::initializer_list<std::size_t> models) {
  Profile profile = test::hand_made_profile();
  const auto all = std::move(profile.models);
  profile.models.clear();
  for (const std::size_t model : models) profile.models.push_back(all[model]);
  return profile;
}

}  // namespace

TEST_CASE("the registry knows every scheme, and what it needs") {
  using bench::Needs;
  CHECK(bench::scheme_names() ==
        std::vector<std::string>{"alert", "alert-any", "alert-trad", "alert-mean", "alert-plus",
                                 "app-only", "sys-only", "no-coord", "linucb", "caloree",
                                 "oracle-static", "oracle-regime", "oracle", "oracle-clairvoyant"});
  for (const auto& name : bench::scheme_names()) {
    const Needs expected = name == "oracle-static"   ? Needs::best
                           : name == "oracle-regime" ? Needs::regimes
                           : name == "oracle" || name == "oracle-clairvoyant"
                               ? Needs::counterfactual
                               : Needs::nothing;
    CHECK(default_scheme(name).needs == expected);
  }
  CHECK_THROWS_WITH(default_scheme("oracel"),
                    Catch::Matchers::Contains("unknown scheme \"oracel\""));
}

// T = 100 ms, sigma^2 = 0.1. F(100/80) = 0.785, F(100/50) = 0.999; F(100/96) = 0.552,
// F(100/60) = 0.983; phi = 0.1.
//                      q_hat                                  e_hat
// large, 10 W          0.9 * 0.785 + 0.1 * 0.215 = 0.728      10 * (80 + 2 ms)    = 0.82 J
// large, 20 W          0.899                                  20 * (50 + 5 ms)    = 1.10 J
// any to 3, 10 W       0.8 * 0.448 + 0.88 * 0.552 = 0.844     10 * (96 + 0.4 ms)  = 0.964 J
// any to 3, 20 W       0.8786                                 20 * (60 + 4 ms)    = 1.28 J
// any to 2, 10 W       0.7999                                 10 * (48 + 5.2 ms)  = 0.532 J
TEST_CASE("alert, minimize-energy: any model, stage and cap") {
  Player alert("alert");
  CHECK(alert.choice(least_energy(0.1, 0.85)) == Candidate{large, 1, 1});
  CHECK(alert.choice(least_energy(0.1, 0.84)) == Candidate{any, 3, 0});
  CHECK(alert.choice(least_energy(0.1, 0.79)) == Candidate{any, 2, 0});
  CHECK(alert.decide(least_energy(0.1, 0.85)).feasible);
  CHECK(alert.decide(least_energy(0.1, 0.84)).prediction.energy_j == Approx(0.964));
}

TEST_CASE("alert, maximize-accuracy: any model, stage and cap") {
  Player alert("alert");
  CHECK(alert.choice(most_accuracy(0.1, 1.2)) == Candidate{large, 1, 1});
  CHECK(alert.choice(most_accuracy(0.1, 1.0)) == Candidate{any, 3, 0});
  CHECK(alert.choice(most_accuracy(0.1, 0.6)) == Candidate{any, 2, 0});
}

TEST_CASE("alert adapts to a slowdown") {
  Player alert("alert");
  // mu = 1.99, sigma^2 = 0.15: "large" at 20 W now takes 100 ms on average and is a coin toss; at
  // 30 W F(100/40) = 0.904 makes it 0.823. "any" to stage 3 at 30 W: F(100/24) = 1 and
  // F(100/48) = 0.59 make 0.847.
  alert.observe_slowdown(small, 2.0);
  REQUIRE(alert.scheme().estimate());
  CHECK(alert.scheme().estimate()->xi_mean == Approx(1.0 + 0.15 / 0.151));
  CHECK(alert.scheme().estimate()->xi_variance == Approx(0.15));
  CHECK(alert.choice(least_energy(0.1, 0.84)) == Candidate{any, 3, 2});
}

TEST_CASE("alert-any and alert-trad keep to one kind") {
  Player anytime("alert-any"), traditional("alert-trad");
  CHECK(anytime.choice(least_energy(0.1, 0.85)) == Candidate{any, 3, 1});
  CHECK(traditional.choice(least_energy(0.1, 0.84)) == Candidate{large, 1, 1});
  CHECK(anytime.choice(most_accuracy(0.1, 1.2)) == Candidate{any, 3, 0});
  CHECK(traditional.choice(most_accuracy(0.1, 1.0)) == Candidate{large, 1, 0});
  anytime.observe_slowdown(any, 2.0);
  CHECK(anytime.scheme().estimate()->xi_mean > 1.9);
}

TEST_CASE("alert-mean takes the mean for certain") {
  Player mean("alert-mean");
  // 80 ms of 100 seem safe.
  CHECK(mean.choice(least_energy(0.1, 0.85)) == Candidate{large, 1, 0});
  CHECK(mean.choice(most_accuracy(0.1, 1.0)) == Candidate{large, 1, 0});
  // The belief that is logged keeps its variance.
  CHECK(mean.scheme().estimate()->xi_variance == 0.1);
}

TEST_CASE("app-only stops the anytime DNN at the first stage accurate enough, at the top cap") {
  Player app("app-only");
  CHECK(app.choice(least_energy(0.1, 0.5)) == Candidate{any, 1, 2});
  CHECK(app.choice(least_energy(0.1, 0.6)) == Candidate{any, 1, 2});
  CHECK(app.choice(least_energy(0.1, 0.75)) == Candidate{any, 2, 2});
  CHECK(app.choice(least_energy(0.1, 0.88)) == Candidate{any, 3, 2});
  CHECK(app.decide(least_energy(0.1, 0.88)).feasible);
  CHECK(app.choice(least_energy(0.1, 0.95)) == Candidate{any, 3, 2});
  CHECK_FALSE(app.decide(least_energy(0.1, 0.95)).feasible);
}

TEST_CASE("app-only runs to the deadline for accuracy, and looks at no clock and no energy") {
  Player app("app-only");
  CHECK(app.choice(most_accuracy(0.1, 0.01)) == Candidate{any, 3, 2});
  app.observe_slowdown(any, 3.0);
  CHECK(app.choice(most_accuracy(0.001, 0.01)) == Candidate{any, 3, 2});
  CHECK(app.choice(least_energy(0.001, 0.75)) == Candidate{any, 2, 2});
  CHECK_FALSE(app.scheme().estimate());
}

TEST_CASE("app-only takes the slowest of several anytime DNNs") {
  Profile profile = test::hand_made_profile();
  auto& quick = profile.models.emplace_back(profile.models[any]);
  for (auto& latency_s : quick.latency_s)
    for (double& t : latency_s) t /= 2;
  CHECK(Player("app-only", profile).choice(least_energy(0.1, 0.8)) == Candidate{any, 2, 2});
  std::swap(profile.models[any], profile.models.back());
  CHECK(Player("app-only", profile).choice(least_energy(0.1, 0.8)) == Candidate{3, 2, 2});
}

TEST_CASE("sys-only picks the fastest traditional DNN's cap of least energy in time") {
  Player sys("sys-only");
  // 0.28 J at 10 W, 0.425 J at 20 W, 0.57 J at 30 W, whatever the accuracy goal.
  CHECK(sys.choice(least_energy(0.1, 0.9)) == Candidate{small, 1, 0});
  CHECK(sys.decide(least_energy(0.1, 0.9)).prediction.energy_j == Approx(0.28));
  // 20 ms at 10 W are too many, 12.5 ms at 20 W are not.
  CHECK(sys.choice(least_energy(0.015, 0.0)) == Candidate{small, 1, 1});
  CHECK(sys.choice(least_energy(0.011, 0.0)) == Candidate{small, 1, 2});
  CHECK(sys.decide(least_energy(0.011, 0.0)).feasible);
  // None: the default cap, which is the fastest.
  CHECK(sys.choice(least_energy(0.005, 0.0)) == Candidate{small, 1, 2});
  CHECK_FALSE(sys.decide(least_energy(0.005, 0.0)).feasible);
}

TEST_CASE("sys-only keeps the energy goal where it can") {
  Player sys("sys-only");
  CHECK(sys.choice(most_accuracy(0.1, 0.3)) == Candidate{small, 1, 0});
  CHECK(sys.decide(most_accuracy(0.1, 0.3)).feasible);
  CHECK(sys.choice(most_accuracy(0.1, 0.2)) == Candidate{small, 1, 2});
  CHECK_FALSE(sys.decide(most_accuracy(0.1, 0.2)).feasible);
}

TEST_CASE("sys-only takes the cap of least energy even where that is a high one") {
  Profile profile = test::hand_made_profile();
  profile.models[small].busy_power_w = {30.0, 20.0, 30.0};
  CHECK(Player("sys-only", profile).choice(least_energy(0.1, 0.0)) == Candidate{small, 1, 1});
}

TEST_CASE("sys-only takes the lowest of caps that cost the same") {
  Profile profile = test::hand_made_profile();
  // 30 W that no model draws: the two upper caps are the same.
  profile.models[small].latency_s[2] = profile.models[small].latency_s[1];
  profile.models[small].busy_power_w = {60.0, 20.0, 20.0};
  CHECK(Player("sys-only", profile).choice(least_energy(0.1, 0.0)) == Candidate{small, 1, 1});
}

TEST_CASE("sys-only takes a dearer cap that is in time before the default one that is not") {
  Profile profile = test::hand_made_profile();
  profile.models[small].latency_s = {{0.020}, {0.010}, {0.012}};
  profile.models[small].busy_power_w = {10.0, 60.0, 30.0};
  CHECK(Player("sys-only", profile).choice(least_energy(0.011, 0.0)) == Candidate{small, 1, 1});
}

TEST_CASE("sys-only adapts to a slowdown through its own filter") {
  Player sys("sys-only");
  // mu = 1.99: 24.8 ms at 20 W, 39.7 ms at 10 W.
  sys.observe_slowdown(small, 2.0);
  CHECK(sys.scheme().estimate()->xi_mean == Approx(1.0 + 0.15 / 0.151));
  CHECK(sys.choice(least_energy(0.030, 0.0)) == Candidate{small, 1, 1});
}

TEST_CASE("no-coord sets the stage by accuracy and the cap by the whole DNN, each alone") {
  Player both("no-coord");
  // The whole DNN, 96 ms at 10 W, fits.
  CHECK(both.choice(least_energy(0.1, 0.75)) == Candidate{any, 2, 0});
  // Stage 2 takes 48 ms at 10 W, but the controller sees 96, and 60 at 20 W.
  CHECK(both.choice(least_energy(0.05, 0.75)) == Candidate{any, 2, 2});
  // 0.964 J at 10 W, or none.
  CHECK(both.choice(most_accuracy(0.1, 1.0)) == Candidate{any, 3, 0});
  CHECK(both.choice(most_accuracy(0.1, 0.5)) == Candidate{any, 3, 2});
  CHECK_FALSE(both.decide(most_accuracy(0.1, 0.5)).feasible);
  both.observe_slowdown(any, 1.5);
  CHECK(both.scheme().estimate()->xi_mean == Approx(1.4966887417));
  CHECK(both.choice(least_energy(0.1, 0.75)) == Candidate{any, 2, 1});
}

TEST_CASE("settings reach the filters") {
  const auto profile = test::hand_made_profile();
  for (const std::string name :
       {"alert", "alert-any", "alert-trad", "alert-mean", "sys-only", "no-coord"})
    CHECK(read({{"scheme", name}, {"mu_0", 1.3}}).make(profile, {})->estimate()->xi_mean == 1.3);
}

TEST_CASE("every filter setting is read by its name") {
  const auto settings = bench::read_filters(JsonValue::from({{"K_0", 0.1},
                                                             {"R", 0.2},
                                                             {"Q_0", 0.3},
                                                             {"mu_0", 0.4},
                                                             {"sigma2_0", 0.5},
                                                             {"alpha", 0.6},
                                                             {"M_0", 0.7},
                                                             {"S", 0.8},
                                                             {"V", 0.9}},
                                                            "test"));
  const auto& [K_0, R, Q_0, mu_0, sigma2_0, alpha] = settings.slowdown;
  CHECK(std::vector{K_0, R, Q_0, mu_0, sigma2_0, alpha} ==
        std::vector{0.1, 0.2, 0.3, 0.4, 0.5, 0.6});
  const auto& [M_0, S, V] = settings.idle_power;
  CHECK(std::vector{M_0, S, V} == std::vector{0.7, 0.8, 0.9});
}

TEST_CASE("accuracy_window raises the goal of alert after credit below it") {
  const auto profile = test::hand_made_profile();
  const Goal goal = least_energy(0.1, 0.65);
  const auto plain = default_scheme("alert").make(profile, {});
  const auto windowed = read({{"scheme", "alert"}, {"accuracy_window", 2}}).make(profile, {});
  for (const auto* scheme : {&plain, &windowed})
    (*scheme)->observe({.candidate = {small, 1, 2},
                        .finished_stage = 1,
                        .finished_latency_s = profile.models[small].latency_s[2][0],
                        .credited_accuracy = 0.5});
  CHECK(plain->decide({goal, 0.1}).prediction.accuracy < 0.8);
  CHECK(windowed->decide({goal, 0.1}).prediction.accuracy >= 0.8 - 1e-9);
}

TEST_CASE("a setting that a scheme does not have is refused") {
  for (const std::string name : {"app-only", "oracle-static", "oracle", "oracle-clairvoyant"})
    CHECK_THROWS_WITH(read({{"scheme", name}, {"Q_0", 0.5}}),
                      "test: /Q_0: unknown key \"Q_0\"; allowed: \"scheme\", \"name\"");
  for (const std::string name : {"sys-only", "no-coord"}) {
    CHECK_NOTHROW(read({{"scheme", name}, {"Q_0", 0.5}}));
    CHECK_THROWS_WITH(read({{"scheme", name}, {"accuracy_window", 7}}),
                      Catch::Matchers::Contains("unknown key \"accuracy_window\""));
  }
}

TEST_CASE("a suite that lacks the kind a scheme needs is told so in words") {
  CHECK_THROWS_WITH(Player("alert-any", only({small, large})),
                    "this scheme needs a suite with an anytime DNN");
  CHECK_THROWS_WITH(Player("alert-trad", only({any})),
                    "this scheme needs a suite with a traditional DNN");
  for (const std::string name : {"app-only", "no-coord"})
    CHECK_THROWS_WITH(Player(name, only({small, large})),
                      Catch::Matchers::Contains("needs a suite with an anytime DNN"));
  CHECK_THROWS_WITH(Player("sys-only", only({any})),
                    Catch::Matchers::Contains("needs a suite with a traditional DNN"));
  for (const std::string name : {"alert", "alert-mean", "oracle", "oracle-clairvoyant"}) {
    CHECK_NOTHROW(Player(name, only({small})));
    CHECK_NOTHROW(Player(name, only({any})));
  }
}
