// Traces of a described platform instead of a real one, in the same format, at any length. What
// they say is what the description says: they show how schemes behave, not what a machine does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "alert/profile.hpp"
#include "base/json.hpp"
#include "contention/spec.hpp"
#include "platform/power_model.hpp"
#include "trace/trace.hpp"

namespace bench {

/// xi with nothing else running: a process over inputs whose mean is 1. Every sigma is one of ln
/// xi.
struct QuietProcess {
  double noise_sigma = 0.0;          ///< fresh at each input
  double configuration_sigma = 0.0;  ///< fresh at each run: how far it strays from the input's xi
  double drift_sigma = 0.0;          ///< of a slow change, AR(1)
  double drift_inputs = 1.0;         ///< after which the drift's correlation has fallen to 1/e
  double tail_probability = 0.0;     ///< that an input is stretched by a Pareto factor >= 1
  double tail_index = 3.0;           ///< of that factor, above 1; the smaller, the heavier the tail
};

/// What a workload does while it runs.
struct ContentionLevel {
  double slowdown = 1.0;        ///< mean factor on xi
  double window_sigma = 0.0;    ///< of ln of that factor, fresh when the workload starts
  double noise_sigma = 0.0;     ///< the same, fresh at each input
  double corunner_share = 0.0;  ///< of the way from idle to busy power that its power goes
};

/// A platform file with "limiter": "simulated" (configs/platforms/simulated-*.json).
struct SimulatedPlatform {
  std::string name;
  std::string description;  ///< says plainly what it is, and what it is not
  std::vector<double> power_caps_w;
  PowerModel power;          ///< speed and power by cap
  double gflop_per_s = 0.0;  ///< at full speed
  double overhead_s = 0.0;   ///< of one inference, whatever its size
  QuietProcess quiet;
  ContentionLevel memory, compute;
};

SimulatedPlatform read_simulated_platform(const std::filesystem::path& file);

struct SimulatedModel {
  TraceModel model;
  std::vector<double> latency_s;  ///< mean at full speed, [stage], cumulative
};

/// "simulate" of a config, in one of two forms:
///   {"platform": FILE, "suite": NAME, "q_fail": 0.1,
///    "models": [{"name", "kind", "accuracy": [per stage], "gflop": [per stage, cumulative]}]}
///   {"platform": FILE, "profile": FILE, "latency_scale": 1.0}
/// The first takes latencies from the platform's speed, the second those of a profile at its
/// default cap, times `latency_scale`.
struct Simulation {
  SimulatedPlatform platform;
  std::string suite;
  double q_fail = 0.0;
  std::vector<SimulatedModel> models;
};

Simulation parse_simulation(const JsonValue& value);

TraceHeader simulated_header(const Simulation& simulation, const std::string& environment);

/// The exact means with nothing else running.
alert::Profile simulated_profile(const Simulation& simulation);

/// Draws that are the same with every standard library, whose own distributions differ.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  double uniform();                 ///< in [0, 1)
  double normal();                  ///< N(0, 1)
  double log_normal(double sigma);  ///< mean 1, sigma of its logarithm
  double pareto(double index);      ///< at least 1, mean index / (index - 1)

 private:
  std::mt19937_64 engine_;
};

/// One stream of inputs, the same for the same seed. Each input takes equally many draws whatever
/// happens, so streams of one seed see the same items and the same quiet xi in every environment.
class Simulator {
 public:
  /// `workload` is what runs at inputs with contention; `burst` items make up an input.
  Simulator(const Simulation& simulation, std::optional<Workload> workload, std::size_t burst,
            std::uint64_t seed);

  /// Runs every configuration on the next input, whose number, group and contention the caller has
  /// set.
  void next(TraceInput& input);

 private:
  double next_xi(bool contention);
  std::vector<double> answer(const alert::ModelProfile& model);

  alert::Profile profile_;
  QuietProcess quiet_;
  std::optional<ContentionLevel> contention_;
  Random random_;
  double drift_;               // N(0, 1), in units of drift_sigma
  double window_level_ = 1.0;  // of the contention window at hand
  bool in_window_ = false;
  std::vector<double> difficulty_;  // of the input's items, in [0, 1)
};

}  // namespace bench
