#include "trace/simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "platform/power_caps.hpp"
#include "suite/suite.hpp"

namespace bench {
namespace {

constexpr double largest_sigma = 2.0;  // e^2 is a factor of 7 for one standard deviation

QuietProcess parse_quiet(const JsonValue& value) {
  value.allow_only({"noise_sigma", "configuration_sigma", "drift_sigma", "drift_inputs",
                    "tail_probability", "tail_index"});
  return {.noise_sigma = value.at("noise_sigma").number(0.0, largest_sigma),
          .configuration_sigma = value.at("configuration_sigma").number(0.0, largest_sigma),
          .drift_sigma = value.at("drift_sigma").number(0.0, largest_sigma),
          .drift_inputs = value.at("drift_inputs").positive(),
          .tail_probability = value.at("tail_probability").number(0.0, 1.0),
          .tail_index = value.at("tail_index").number(1.1, 100.0)};
}

ContentionLevel parse_contention_level(const JsonValue& value) {
  value.allow_only({"slowdown", "window_sigma", "noise_sigma", "corunner_share"});
  return {.slowdown = value.at("slowdown").number(1.0),
          .window_sigma = value.at("window_sigma").number(0.0, largest_sigma),
          .noise_sigma = value.at("noise_sigma").number(0.0, largest_sigma),
          .corunner_share = value.at("corunner_share").number(0.0, 1.0)};
}

}  // namespace

SimulatedPlatform read_simulated_platform(const std::filesystem::path& file) {
  const JsonValue value = JsonValue::read(file);
  // The kind of platform first, so that one of another kind is not told of its unknown keys.
  value.at("limiter").one_of({"simulated"}, "limiter of a simulated platform");
  value.at("meter").one_of({"simulated"}, "meter of a simulated platform");
  value.allow_only({"schema_version", "name", "description", "limiter", "meter", "power_caps_w",
                    "power", "gflop_per_s", "overhead_s", "quiet", "contention"});
  value.check_schema_version();
  const JsonValue contention = value.at("contention");
  contention.allow_only({"memory", "compute"});

  SimulatedPlatform platform;
  platform.name = value.at("name").string();
  platform.description = value.at("description").string();
  platform.power_caps_w = parse_power_caps(value.at("power_caps_w"));
  platform.power = parse_power_model(value.at("power"), {platform.power_caps_w, 0});
  platform.gflop_per_s = value.at("gflop_per_s").positive();
  platform.overhead_s = value.at("overhead_s").number(0.0);
  platform.quiet = parse_quiet(value.at("quiet"));
  platform.memory = parse_contention_level(contention.at("memory"));
  platform.compute = parse_contention_level(contention.at("compute"));
  return platform;
}

Simulation parse_simulation(const JsonValue& value) {
  const auto profile = value.find("profile");
  if (profile)
    value.allow_only({"platform", "profile", "latency_scale"});
  else
    value.allow_only({"platform", "suite", "q_fail", "models"});

  Simulation simulation;
  simulation.platform = read_simulated_platform(value.at("platform").path());
  const JsonValue source = profile ? JsonValue::read(profile->path()) : value;
  if (profile) source.check_schema_version();
  simulation.suite = source.at("suite").string();
  simulation.q_fail = source.at("q_fail").number(0.0, 1.0);

  const auto scale = value.find("latency_scale");
  const double latency_scale = scale ? scale->positive() : 1.0;
  const JsonValue list = source.at("models");
  const std::vector<JsonValue> items = list.items();
  std::vector<TraceModel> models = parse_models(list);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const std::size_t stages = models[i].accuracy.size();
    std::vector<double> latency_s;
    if (profile) {
      const JsonValue by_cap = items[i].at("latency_s");
      if (by_cap.items().empty()) by_cap.fail("must not be empty");
      latency_s = parse_cumulative(by_cap.items().back(), stages, max_latency_s);
      for (double& end_s : latency_s) end_s *= latency_scale;
    } else {
      items[i].allow_only({"name", "kind", "accuracy", "gflop"});
      latency_s = parse_cumulative(items[i].at("gflop"), stages, 1e9);
      for (double& end : latency_s)
        end = simulation.platform.overhead_s + end / simulation.platform.gflop_per_s;
    }
    simulation.models.push_back({std::move(models[i]), std::move(latency_s)});
  }
  return simulation;
}

TraceHeader simulated_header(const Simulation& simulation, const std::string& environment) {
  TraceHeader header{
      simulation.suite, environment, EnergySource::simulated, {}, simulation.platform.power_caps_w,
      simulation.q_fail};
  for (const auto& [model, latency_s] : simulation.models) header.models.push_back(model);
  return header;
}

alert::Profile simulated_profile(const Simulation& simulation) {
  const SimulatedPlatform& platform = simulation.platform;
  alert::Profile profile{simulation.q_fail, platform.power_caps_w, platform.power.idle_power_w, {}};
  for (const auto& [model, latency_s] : simulation.models) {
    alert::ModelProfile& entry =
        profile.models.emplace_back(model.name, model.kind, model.accuracy);
    for (const double cap_w : platform.power_caps_w) {
      auto& row = entry.latency_s.emplace_back(latency_s);
      for (double& end_s : row) end_s *= platform.power.stretch(cap_w);
      entry.busy_power_w.push_back(platform.power.busy_power_w(cap_w));
    }
  }
  return profile;
}

double Random::uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

double Random::normal() {  // Box and Muller
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

double Random::log_normal(double sigma) { return std::exp(sigma * normal() - sigma * sigma / 2); }

double Random::pareto(double index) { return std::pow(1.0 - uniform(), -1.0 / index); }

Simulator::Simulator(const Simulation& simulation, std::optional<Workload> workload,
                     std::size_t burst, std::uint64_t seed)
    : profile_(simulated_profile(simulation)),
      quiet_(simulation.platform.quiet),
      random_(seed),
      drift_(random_.normal()),
      difficulty_(burst) {
  if (workload)
    contention_ =
        *workload == Workload::memory ? simulation.platform.memory : simulation.platform.compute;
}

double Simulator::next_xi(bool contention) {
  const double kept = std::exp(-1.0 / quiet_.drift_inputs);
  drift_ = kept * drift_ + std::sqrt(1.0 - kept * kept) * random_.normal();
  const double drift =
      std::exp(quiet_.drift_sigma * drift_ - quiet_.drift_sigma * quiet_.drift_sigma / 2);
  const double noise = random_.log_normal(quiet_.noise_sigma);
  const bool hit = random_.uniform() < quiet_.tail_probability;
  const double factor = random_.pareto(quiet_.tail_index);
  const double mean_tail = 1.0 + quiet_.tail_probability / (quiet_.tail_index - 1.0);
  double xi = drift * noise * (hit ? factor : 1.0) / mean_tail;

  const ContentionLevel level = contention_.value_or(ContentionLevel{});
  const double window_level = level.slowdown * random_.log_normal(level.window_sigma);
  const double window_noise = random_.log_normal(level.noise_sigma);
  if (contention && !in_window_) window_level_ = window_level;
  in_window_ = contention;
  return contention ? xi * window_level_ * window_noise : xi;
}

// An item of difficulty u is answered rightly by stages with q > u, so a better stage of one model
// knows all that a worse one knows. Models agree on most items: each has its own difficulty for a
// share of them.
std::vector<double> Simulator::answer(const alert::ModelProfile& model) {
  constexpr double own_share = 0.3;
  std::vector<double> correct(model.stages(), 0.0);
  for (const double common : difficulty_) {
    const double own = random_.uniform();
    const double difficulty = random_.uniform() < own_share ? own : common;
    for (std::size_t k = 0; k < correct.size(); ++k)
      if (difficulty < model.accuracy[k]) correct[k] += 1.0;
  }
  for (double& share : correct) share /= static_cast<double>(difficulty_.size());
  return correct;
}

void Simulator::next(TraceInput& input) {
  const double xi = next_xi(input.contention);
  for (double& item : difficulty_) item = random_.uniform();
  input.resize(profile_.models.size(), profile_.caps());
  for (std::size_t i = 0; i < profile_.models.size(); ++i) {
    const alert::ModelProfile& model = profile_.models[i];
    const std::vector<double> correct = answer(model);
    for (std::size_t j = 0; j < profile_.caps(); ++j) {
      TraceRun& run = input.run(i, j);
      run.stage_latency_s = model.latency_s[j];
      const double slowdown = xi * random_.log_normal(quiet_.configuration_sigma);
      for (double& end_s : run.stage_latency_s) end_s *= slowdown;
      run.stage_correct = correct;
      run.busy_energy_j = model.busy_power_w[j] * run.stage_latency_s.back();
      run.idle_power_w = std::lerp(profile_.idle_power_w, model.busy_power_w[j],
                                   input.contention ? contention_.value().corunner_share : 0.0);
    }
  }
}

}  // namespace bench
