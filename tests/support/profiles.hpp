// A profile small enough to work with by hand, and random ones for property tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "alert/profile.hpp"

namespace test {

/// Models of hand_made_profile().
inline constexpr std::size_t small = 0, large = 1, any = 2;

/// Two traditional DNNs and an anytime DNN of three stages under caps of 10, 20 and 30 W. All draw
/// the cap while busy, and take 2, 1.25 and 1 times as long as at full speed. Idle power is 3 W,
/// so phi_0 = 0.1.
inline alert::Profile hand_made_profile() {
  using alert::ModelKind;
  const std::vector<double> caps_w{10.0, 20.0, 30.0};
  return {.q_fail = 0.1,
          .power_caps_w = caps_w,
          .idle_power_w = 3.0,
          .models = {
              {"small", ModelKind::traditional, {0.7}, {{0.020}, {0.0125}, {0.010}}, caps_w},
              {"large", ModelKind::traditional, {0.9}, {{0.080}, {0.050}, {0.040}}, caps_w},
              {"any",
               ModelKind::anytime,
               {0.6, 0.8, 0.88},
               {{0.024, 0.048, 0.096}, {0.015, 0.030, 0.060}, {0.012, 0.024, 0.048}},
               caps_w},
          }};
}

using Random = std::mt19937_64;

inline double uniform(Random& random, double min, double max) {
  return std::uniform_real_distribution<double>(min, max)(random);
}

inline std::size_t uniform_count(Random& random, std::size_t min, std::size_t max) {
  return std::uniform_int_distribution<std::size_t>(min, max)(random);
}

inline std::vector<double> uniform_ascending(Random& random, std::size_t size, double min,
                                             double max) {
  std::vector<double> values(size);
  for (double& value : values) value = uniform(random, min, max);
  std::ranges::sort(values);
  return values;
}

/// One to four models of one to four stages under one to four caps; latencies from 1 to 100 ms. A
/// later stage need not be better, nor a higher cap faster.
inline alert::Profile random_profile(Random& random) {
  alert::Profile profile;
  profile.q_fail = uniform(random, 0.0, 0.3);
  profile.power_caps_w = uniform_ascending(random, uniform_count(random, 1, 4), 5.0, 50.0);
  profile.idle_power_w = uniform(random, 0.0, 5.0);
  const std::size_t models = uniform_count(random, 1, 4);
  for (std::size_t i = 0; i < models; ++i) {
    alert::ModelProfile model;
    model.name = "model-" + std::to_string(i);
    model.kind = uniform_count(random, 0, 1) == 0 ? alert::ModelKind::traditional
                                                  : alert::ModelKind::anytime;
    model.accuracy.resize(
        model.kind == alert::ModelKind::traditional ? 1 : uniform_count(random, 1, 4));
    for (double& accuracy : model.accuracy) accuracy = uniform(random, 0.0, 1.0);
    for (std::size_t cap = 0; cap < profile.caps(); ++cap) {
      model.latency_s.push_back(uniform_ascending(random, model.stages(), 0.001, 0.1));
      model.busy_power_w.push_back(uniform(random, 5.0, 50.0));
    }
    profile.models.push_back(model);
  }
  return profile;
}

}  // namespace test
