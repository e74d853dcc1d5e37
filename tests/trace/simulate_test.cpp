#include "trace/simulate.hpp"

#include <cmath>
#include <fstream>
#include <functional>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

const fs::path platforms = fs::path(SOURCE_DIR) / "configs/platforms";
const fs::path laptop = platforms / "simulated-laptop.json";

json flop_section() {
  return {{"platform", laptop.string()},
          {"suite", "image"},
          {"q_fail", 0.1},
          {"models",
           {{{"name", "small"}, {"kind", "traditional"}, {"accuracy", {0.8}}, {"gflop", {0.6}}},
            {{"name", "nested"},
             {"kind", "anytime"},
             {"accuracy", {0.7, 0.9}},
             {"gflop", {0.3, 1.2}}}}}};
}

Simulation simulation_of(const json& section) {
  return parse_simulation(JsonValue::from(section, "config.json"));
}

/// Two models on a machine where every input is like every other.
Simulation steady() {
  Simulation simulation = simulation_of(flop_section());
  simulation.platform.quiet = {};
  simulation.platform.memory = {.slowdown = 1.5, .corunner_share = 0.25};
  return simulation;
}

/// xi of `count` inputs, read off a model's latency; contention as `contention` says.
std::vector<double> observed_xi(
    const Simulation& simulation, std::size_t count,
    const std::function<bool(std::size_t)>& contention = [](std::size_t) { return false; }) {
  Simulator simulator(simulation, Workload::memory, 1, 7);
  const double expected_s = simulated_profile(simulation).models[0].latency_s[7][0];
  std::vector<double> xi;
  TraceInput input;
  for (std::size_t i = 0; i < count; ++i) {
    input.contention = contention(i);
    simulator.next(input);
    xi.push_back(input.run(0, 7).stage_latency_s[0] / expected_s);
  }
  return xi;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Standard deviation of ln(value), and correlation of neighbours' ln(value).
std::pair<double, double> log_moments(const std::vector<double>& values) {
  std::vector<double> logs;
  for (const double value : values) logs.push_back(std::log(value));
  const double centre = mean(logs);
  double variance = 0.0, covariance = 0.0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    variance += (logs[i] - centre) * (logs[i] - centre);
    if (i > 0) covariance += (logs[i] - centre) * (logs[i - 1] - centre);
  }
  return {std::sqrt(variance / static_cast<double>(logs.size())), covariance / variance};
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("the simulated platforms are well-formed and say what they are") {
  for (const std::string kind : {"embedded", "laptop", "server", "gpu"}) {
    const auto platform = read_simulated_platform(platforms / ("simulated-" + kind + ".json"));
    CHECK(platform.name == "simulated-" + kind);
    CHECK_THAT(platform.description, Contains("made-up") && Contains("none is measured"));
    // The default cap holds nothing back, and every cap makes a difference.
    CHECK(platform.power.speed(platform.power_caps_w.back()) == 1.0);
    for (std::size_t j = 1; j < platform.power_caps_w.size(); ++j)
      CHECK(platform.power.speed(platform.power_caps_w[j - 1]) <
            platform.power.speed(platform.power_caps_w[j]));
  }
}

TEST_CASE("latency follows from the models' work and the platform's speed") {
  const Simulation simulation = simulation_of(flop_section());
  const SimulatedPlatform& platform = simulation.platform;
  const alert::Profile profile = simulated_profile(simulation);
  REQUIRE(fault(profile) == "");
  CHECK(profile.q_fail == 0.1);
  CHECK(profile.power_caps_w == platform.power_caps_w);
  CHECK(profile.idle_power_w == 3.5);
  CHECK(profile.models[1].name == "nested");
  CHECK(profile.models[1].kind == alert::ModelKind::anytime);
  CHECK(profile.models[1].latency_s[7][0] == Approx(0.0004 + 0.3 / 60));
  CHECK(profile.models[1].latency_s[7][1] == Approx(0.0004 + 1.2 / 60));
  CHECK(profile.models[1].latency_s[0][1] ==
        Approx((0.0004 + 1.2 / 60) * platform.power.stretch(10.0)));
  CHECK(profile.models[0].busy_power_w[0] == Approx(platform.power.busy_power_w(10.0)));

  const TraceHeader header = simulated_header(simulation, "memory");
  CHECK(header.suite == "image");
  CHECK(header.environment == "memory");
  CHECK(header.energy_source == EnergySource::simulated);
  CHECK(header.models[1].accuracy == std::vector{0.7, 0.9});
  CHECK(header.power_caps_w == platform.power_caps_w);
  CHECK(header.q_fail == 0.1);
}

TEST_CASE("latency is taken from a profile at its default cap") {
  const fs::path file = fs::temp_directory_path() / "alert-bench-simulate-test-profile.json";
  std::ofstream(file) << json{{"schema_version", 1},
                              {"suite", "speech"},
                              {"energy_source", "emulated"},
                              {"q_fail", 0.05},
                              {"power_caps_w", {5, 9}},
                              {"idle_power_w", 2},
                              {"models",
                               {{{"name", "nested"},
                                 {"kind", "anytime"},
                                 {"accuracy", {0.6, 0.8}},
                                 {"latency_s", {{0.02, 0.04}, {0.01, 0.03}}},
                                 {"busy_power_w", {5, 9}}}}}};
  json section = {{"platform", laptop.string()}, {"profile", file.string()}};
  const Simulation same = simulation_of(section);
  CHECK(same.suite == "speech");
  CHECK(same.q_fail == 0.05);
  CHECK(same.platform.name == "simulated-laptop");
  CHECK(same.models[0].latency_s == std::vector{0.01, 0.03});
  section["latency_scale"] = 2.0;
  CHECK(simulation_of(section).models[0].latency_s == std::vector{0.02, 0.06});
  fs::remove(file);
}

TEST_CASE("a malformed simulation is told by its place") {
  using Spoil = std::function<void(json&)>;
  const std::vector<std::pair<Spoil, std::string>> cases = {
      {[](json& s) { s.erase("platform"); }, "config.json: /: \"platform\" is missing"},
      {[](json& s) { s["platform"] = "nowhere.json"; }, "nowhere.json: cannot read"},
      {[](json& s) { s["modles"] = 1; }, "config.json: /modles: unknown key"},
      {[](json& s) { s["latency_scale"] = 2; }, "config.json: /latency_scale: unknown key"},
      {[](json& s) { s["profile"] = "p.json"; }, "config.json: /models: unknown key"},
      {[](json& s) { s["models"][1]["gflop"] = {0.3}; }, "/models/1/gflop: must have 2 values"},
      {[](json& s) {
         s["models"][1]["gflop"] = {0.3, 0.2};
       },
       "/models/1/gflop/1: stages are"},
      {[](json& s) { s["models"][1]["flop"] = 3; }, "/models/1/flop: unknown key"},
      {[](json& s) { s["models"][1]["name"] = "small"; }, "/models/1/name: the model \"small\""},
      {[](json& s) { s["q_fail"] = 2; }, "/q_fail: must lie in [0, 1]"},
  };
  for (const auto& [spoil, message] : cases) {
    json section = flop_section();
    spoil(section);
    CHECK_THAT(error_of([&] { simulation_of(section); }), Contains(message));
  }
}

TEST_CASE("a malformed simulated platform is told by its place") {
  const fs::path file = fs::temp_directory_path() / "alert-bench-simulate-test-platform.json";
  const json good = JsonValue::read(laptop).raw();
  using Spoil = std::function<void(json&)>;
  const std::vector<std::pair<Spoil, std::string>> cases = {
      {[](json& p) { p["limiter"] = "rapl"; }, "/limiter: unknown limiter of a simulated platform"},
      {[](json& p) { p["meter"] = "emulated"; }, "/meter: unknown meter of a simulated platform"},
      {[](json& p) { p["schema_version"] = 2; }, "/schema_version: "},
      {[](json& p) { p.erase("description"); }, "/: \"description\" is missing"},
      {[](json& p) { p["cores"] = 2; }, "/cores: unknown key"},
      {[](json& p) {
         p["power_caps_w"] = {20, 10};
       },
       "/power_caps_w/1: power caps must ascend"},
      {[](json& p) { p["power"]["idle_power_w"] = 12; }, "/power/idle_power_w: must be below"},
      {[](json& p) { p["power"]["min_speed"] = 0; }, "/power/min_speed: must lie in"},
      {[](json& p) { p["gflop_per_s"] = 0; }, "/gflop_per_s: must be above 0"},
      {[](json& p) { p["quiet"]["noise_sigma"] = -1; }, "/quiet/noise_sigma: must lie in"},
      {[](json& p) { p["quiet"]["tail_index"] = 1; }, "/quiet/tail_index: must lie in"},
      {[](json& p) { p["quiet"]["drift_inputs"] = 0; }, "/quiet/drift_inputs: must be above 0"},
      {[](json& p) { p["contention"].erase("memory"); }, "/contention: \"memory\" is missing"},
      {[](json& p) { p["contention"]["memory"]["slowdown"] = 0.5; }, "/contention/memory/slowdown"},
      {[](json& p) { p["contention"]["compute"]["corunner_share"] = 2; },
       "/contention/compute/corunner_share: must lie in"},
  };
  for (const auto& [spoil, message] : cases) {
    json platform = good;
    spoil(platform);
    std::ofstream(file) << platform;
    CHECK_THAT(error_of([&] { read_simulated_platform(file); }),
               Contains(file.string() + ": " + message));
  }
  fs::remove(file);
}

TEST_CASE("on a steady machine every run is the profile's, and energy is power times time") {
  const Simulation simulation = steady();
  const alert::Profile profile = simulated_profile(simulation);
  Simulator simulator(simulation, Workload::memory, 4, 1);
  TraceInput input;
  for (const bool contention : {false, true, false}) {
    input.contention = contention;
    simulator.next(input);
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < profile.caps(); ++j) {
        const alert::ModelProfile& model = profile.models[i];
        const TraceRun& run = input.run(i, j);
        const double xi = contention ? 1.5 : 1.0;
        REQUIRE(run.stage_latency_s.size() == model.stages());
        for (std::size_t k = 0; k < model.stages(); ++k)
          CHECK(run.stage_latency_s[k] == Approx(xi * model.latency_s[j][k]));
        CHECK(run.busy_energy_j.value() ==
              Approx(model.busy_power_w[j] * run.stage_latency_s.back()));
        const double idle_power_w = 3.5 + (contention ? 0.25 : 0.0) * (model.busy_power_w[j] - 3.5);
        CHECK(run.idle_power_w.value() == Approx(idle_power_w));
      }
  }
}

TEST_CASE("quiet xi has mean 1, and each part of it does what it says") {
  constexpr std::size_t count = 20000;
  Simulation simulation = steady();
  SECTION("as the laptop has it") {
    simulation.platform = read_simulated_platform(laptop);
    CHECK(mean(observed_xi(simulation, count)) == Approx(1.0).margin(0.01));
  }
  SECTION("noise is fresh at each input") {
    simulation.platform.quiet.noise_sigma = 0.2;
    const auto [sigma, correlation] = log_moments(observed_xi(simulation, count));
    CHECK(sigma == Approx(0.2).epsilon(0.03));
    CHECK(correlation == Approx(0.0).margin(0.02));
    CHECK(mean(observed_xi(simulation, count)) == Approx(1.0).margin(0.01));
  }
  SECTION("drift lasts") {
    simulation.platform.quiet.drift_sigma = 0.2;
    simulation.platform.quiet.drift_inputs = 10.0;
    const auto [sigma, correlation] = log_moments(observed_xi(simulation, count));
    CHECK(sigma == Approx(0.2).epsilon(0.05));
    CHECK(correlation == Approx(std::exp(-0.1)).margin(0.02));
    CHECK(mean(observed_xi(simulation, count)) == Approx(1.0).margin(0.02));
  }
  SECTION("the tail is a Pareto one") {
    simulation.platform.quiet.tail_probability = 0.5;
    simulation.platform.quiet.tail_index = 3.0;
    const auto xi = observed_xi(simulation, count);
    CHECK(mean(xi) == Approx(1.0).margin(0.02));
    // Without the tail xi is 1 / 1.25; P[factor > 2] = 2^-3.
    CHECK(*std::ranges::min_element(xi) == Approx(0.8));
    const auto beyond = std::ranges::count_if(xi, [](double x) { return x > 1.6; });
    CHECK(static_cast<double>(beyond) / count == Approx(0.5 / 8).margin(0.005));
  }
  SECTION("runs on one input stray from its xi only by the configuration's noise") {
    simulation.platform.quiet.noise_sigma = 0.3;
    simulation.platform.quiet.configuration_sigma = 0.02;
    const alert::Profile profile = simulated_profile(simulation);
    Simulator simulator(simulation, std::nullopt, 1, 3);
    std::vector<double> ratios;
    TraceInput input;
    for (int i = 0; i < 5000; ++i) {
      simulator.next(input);
      ratios.push_back(input.run(0, 0).stage_latency_s[0] / profile.models[0].latency_s[0][0] /
                       (input.run(1, 7).stage_latency_s[1] / profile.models[1].latency_s[7][1]));
    }
    CHECK(log_moments(ratios).first == Approx(0.02 * std::sqrt(2.0)).epsilon(0.05));
  }
}

TEST_CASE("each contention window has its own level") {
  Simulation simulation = steady();
  simulation.platform.memory.window_sigma = 0.2;
  const auto xi = observed_xi(simulation, 40000, [](std::size_t i) { return i % 4 >= 2; });
  std::vector<double> levels;
  for (std::size_t i = 0; i < xi.size(); i += 4) {
    REQUIRE(xi[i] == Approx(1.0));
    REQUIRE(xi[i + 2] == Approx(xi[i + 3]));
    levels.push_back(xi[i + 2]);
  }
  CHECK(mean(levels) == Approx(1.5).epsilon(0.01));
  CHECK(log_moments(levels).first == Approx(0.2).epsilon(0.03));
  CHECK(log_moments(levels).second == Approx(0.0).margin(0.03));

  simulation.platform.memory = {.slowdown = 1.5, .noise_sigma = 0.1};
  const auto noisy = observed_xi(simulation, 10000, [](std::size_t) { return true; });
  CHECK(mean(noisy) == Approx(1.5).epsilon(0.01));
  CHECK(log_moments(noisy).first == Approx(0.1).epsilon(0.03));
  CHECK(log_moments(noisy).second == Approx(0.0).margin(0.03));
}

TEST_CASE("answers are right as often as the accuracy says, and models mostly agree") {
  Simulator simulator(steady(), std::nullopt, 1, 5);
  double small = 0.0, first = 0.0, last = 0.0, small_and_last = 0.0;
  constexpr int count = 20000;
  TraceInput input;
  for (int i = 0; i < count; ++i) {
    simulator.next(input);
    const auto& nested = input.run(1, 0).stage_correct;
    REQUIRE(nested[0] <= nested[1]);
    REQUIRE(input.run(1, 7).stage_correct == nested);  // the cap changes no answer
    small += input.run(0, 0).stage_correct[0];
    first += nested[0];
    last += nested[1];
    small_and_last += input.run(0, 0).stage_correct[0] * nested[1];
  }
  CHECK(small / count == Approx(0.8).margin(0.01));
  CHECK(first / count == Approx(0.7).margin(0.01));
  CHECK(last / count == Approx(0.9).margin(0.01));
  // 0.8 were they to share every item's difficulty, 0.72 were they to share none; both use the
  // common one for 0.7 * 0.7 of the items.
  CHECK(small_and_last / count == Approx(0.49 * 0.8 + 0.51 * 0.72).margin(0.01));

  Simulator bursts(steady(), std::nullopt, 16, 5);
  bursts.next(input);
  const double items = 16.0 * input.run(0, 0).stage_correct[0];
  CHECK(items == std::round(items));
}

TEST_CASE("a seed decides the whole stream, whatever its environment") {
  const Simulation simulation = simulation_of(flop_section());
  const auto stream = [&](std::uint64_t seed, std::optional<Workload> workload) {
    Simulator simulator(simulation, workload, 3, seed);
    std::vector<std::pair<double, double>> runs;  // latency, correct
    TraceInput input;
    for (std::size_t i = 0; i < 50; ++i) {
      input.contention = workload && i >= 20 && i < 30;
      simulator.next(input);
      runs.emplace_back(input.run(1, 3).stage_latency_s[1], input.run(1, 3).stage_correct[1]);
    }
    return runs;
  };
  const auto quiet = stream(1, std::nullopt), loaded = stream(1, Workload::compute);
  CHECK(quiet == stream(1, std::nullopt));
  CHECK(quiet != stream(2, std::nullopt));
  CHECK(loaded != stream(1, Workload::memory));
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(quiet[i].second == loaded[i].second);
    CHECK((quiet[i].first == loaded[i].first) == (i < 20 || i >= 30));
  }
}

TEST_CASE("draws are the same on every machine") {
  Random random(42);  // the first draw of mt19937_64(42) is 13930160852258120406
  CHECK(random.uniform() == static_cast<double>(13930160852258120406u >> 11) * 0x1p-53);
}

TEST_CASE("the caller's number, group and contention of an input are left as they are") {
  Simulator simulator(steady(), Workload::memory, 1, 1);
  TraceInput input;
  input.input = 5;
  input.group = {2, 1, 4};
  input.contention = true;
  simulator.next(input);
  CHECK(input.input == 5);
  CHECK(input.group == GroupPosition{2, 1, 4});
  CHECK(input.contention);
}
