// The profile: what every configuration does with nothing else running
// (src/alert/README.md section 1).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace alert {

enum class ModelKind { traditional, anytime };

/// One DNN. Stages count from 1; a traditional DNN has one.
struct ModelProfile {
  std::string name;
  ModelKind kind = ModelKind::traditional;
  std::vector<double> accuracy;                ///< q(i,k), [stage], in [0, 1]
  std::vector<std::vector<double>> latency_s;  ///< t_prof(i,k,j), [cap][stage], cumulative
  std::vector<double> busy_power_w;            ///< p(i,j), [cap]
  /// Standard deviation of latency_s over inputs, in its shape; empty where it is not known.
  std::vector<std::vector<double>> latency_std_s = {};

  std::size_t stages() const { return accuracy.size(); }
};

struct Profile {
  double q_fail = 0.0;               ///< accuracy of no answer in time
  std::vector<double> power_caps_w;  ///< ascending; the last is the default
  double idle_power_w = 0.0;
  std::vector<ModelProfile> models;
  /// Schedulers keep their own copy of the latencies; whoever changes these raises it.
  std::size_t revision = 0;

  std::size_t caps() const { return power_caps_w.size(); }
  std::size_t default_cap() const { return caps() - 1; }
};

/// c = (model i, stop stage k, power cap j). Stages count from 1, models and caps from 0.
/// The order is that of the last tie-break in src/alert/README.md section 4.
struct Candidate {
  std::size_t model = 0;
  std::size_t stage = 1;
  std::size_t cap = 0;

  auto operator<=>(const Candidate&) const = default;
};

/// First fault of the profile's shapes and values in words, or empty when there is none.
std::string fault(const Profile& profile);

}  // namespace alert
