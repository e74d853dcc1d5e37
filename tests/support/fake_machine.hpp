// A machine without models: time is a number, and what an inference takes follows from a profile.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "machine/machine.hpp"
#include "support/profiles.hpp"

namespace test {

/// Items 0 to 99, each its own label.
class FakeDataset final : public bench::Dataset {
 public:
  std::set<std::size_t> unreadable;  ///< items

  std::size_t size() const override { return 100; }
  bench::Burst burst(std::span<const std::size_t> items, std::size_t) const override {
    if (unreadable.contains(items[0])) throw bench::InputError("broken.wav: truncated");
    return {std::vector<std::int64_t>(items.begin(), items.end()),
            {items.size()},
            {static_cast<std::uint32_t>(items[0])}};
  }
  std::string describe(std::size_t item) const override { return "item " + std::to_string(item); }
};

/// Runs hand_made_profile(), slowed down by `slowdown`, and twice more beside co-runners. Busy
/// power is the profile's; idle power is 3 W, and 5 W beside co-runners.
class FakeMachine final : public bench::Machine {
 public:
  struct Call {
    std::size_t model, cap, stop_stage;
    std::int64_t item;
    bool contention;
    bool operator==(const Call&) const = default;
  };

  explicit FakeMachine(const bench::InputsSpec& inputs)
      : profiling_(dataset, {0, 49}, inputs, std::max(inputs.profile, inputs.warmup)),
        evaluation_(dataset, {50, 99}, inputs, inputs.count) {
    suite_.name = "fake";
    suite_.q_fail = profile.q_fail;
    suite_.classes = 100;
    suite_.data.files = bench::TensorFiles{};
    for (const auto& model : profile.models)
      suite_.models.push_back({model.name, {}, model.kind, {}, model.accuracy, {}});
  }

  alert::Profile profile = hand_made_profile();
  FakeDataset dataset;
  double slowdown = 1.0;
  double least_window = 0.0;
  std::set<std::pair<std::size_t, std::int64_t>> failing;  ///< (model, item)
  std::vector<Call> calls;                                 ///< of infer() and measure()
  std::vector<double> idle_s;                              ///< of idle()

  const bench::Suite& suite() const override { return suite_; }
  const std::vector<double>& caps_w() const override { return profile.power_caps_w; }
  bench::EnergySource energy_source() const override { return bench::EnergySource::emulated; }
  const bench::InputStream& profiling_inputs() const override { return profiling_; }
  const bench::InputStream& evaluation_inputs() const override { return evaluation_; }
  bench::Clock::time_point now() const override { return now_; }
  void set_contention(const std::optional<bench::ContentionSpec>&) override {}
  void let_corunners_run(bool running) override { contention_ = running; }
  void set_cap(std::size_t cap) override { cap_ = cap; }

  const bench::Inference& infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                                const bench::Burst& burst,
                                const bench::ModuleState& = nullptr) override {
    const std::int64_t item = std::get<std::vector<std::int64_t>>(burst.values)[0];
    calls.push_back({model, cap_, stop_stage, item, contention_});
    if (failing.contains({model, item})) throw bench::ModuleError("model fails");
    inference_ = {};
    for (std::size_t stage = 0; stage < stop_stage; ++stage) {
      const double latency_s =
          profile.models[model].latency_s[cap_][stage] * slowdown * (contention_ ? 2.0 : 1.0);
      inference_.stage_latency_s.push_back(latency_s);
      inference_.stage_correct.push_back(1.0);
      if (latency_s > deadline_s) break;
    }
    const double busy_s = inference_.stage_latency_s.back();
    inference_.busy_energy_j = profile.models[model].busy_power_w[cap_] * busy_s;
    pass(busy_s);
    return inference_;
  }
  const bench::Inference& measure(std::size_t model, const bench::Burst& burst,
                                  const bench::ModuleState& carried = nullptr) override {
    return infer(model, stages(model), 1e9, burst, carried);
  }
  bench::ModuleState carried(std::size_t) const override { return nullptr; }
  bench::EnergyReading idle(double duration_s) override {
    idle_s.push_back(duration_s);
    pass(duration_s);
    return {(contention_ ? 5.0 : 3.0) * duration_s, duration_s};
  }
  double least_window_s() const override { return least_window; }

 private:
  void pass(double duration_s) {
    now_ += std::chrono::duration_cast<bench::Clock::duration>(
        std::chrono::duration<double>(duration_s));
  }

  bench::Suite suite_;
  bench::InputStream profiling_, evaluation_;
  bench::Clock::time_point now_{};
  std::size_t cap_ = 0;
  bool contention_ = false;
  bench::Inference inference_;
};

/// Co-runners beside the inputs of `windows`.
inline bench::EnvironmentSpec contended(std::vector<std::pair<std::size_t, std::size_t>> windows) {
  bench::ContentionSpec contention;
  contention.schedule = bench::WindowSchedule{std::move(windows)};
  return {"memory", contention};
}

}  // namespace test
