// The machine as it is: models, data, limiter, meter and co-runners together.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "machine/machine.hpp"
#include "machine/watchdog.hpp"

namespace bench {

struct WarmUp {
  std::string model;
  double first_s = 0.0;  ///< latency of the very first inference
  double last_s = 0.0;   ///< and of the last warm-up inference
};

class Rig final : public Machine {
 public:
  /// Opens the platform and the data, and loads every model; runs none. Throws InputError and
  /// MachineError as platform/ and suite/ do.
  Rig(const std::filesystem::path& suite, const std::filesystem::path& platform,
      const InputsSpec& inputs, double inference_timeout_s);

  /// Where a model does not answer within `inference_timeout_s`, the process ends with status 1:
  /// co-runners are ended, limits put back, `last_words` called before, from another thread.
  void before_giving_up(std::function<void()> last_words) { last_words_ = std::move(last_words); }

  /// Runs every model `inferences` times, then checks that the caps have an effect. To be called
  /// before anything is measured. Throws InputError where a model fails on an input (and `on_error`
  /// does not skip it), MachineError where a cap has no effect.
  void warm_up(std::size_t inferences, OnError on_error);

  const Platform& platform() const { return platform_; }
  const RuntimeInfo& runtime_info() const { return runtime_info_; }
  const std::vector<WarmUp>& warm_ups() const { return warm_ups_; }
  /// Of all co-runners that are there now.
  double corunner_cpu_s() const { return corunners_->cpu_time_s(); }
  /// Since they were put there.
  CoRunnerUse corunner_use() { return corunners_->use(); }

  const Suite& suite() const override { return suite_; }
  const std::vector<double>& caps_w() const override { return platform_.limiter->caps_w(); }
  EnergySource energy_source() const override { return platform_.meter->info().source; }
  const InputStream& profiling_inputs() const override { return profiling_; }
  const InputStream& evaluation_inputs() const override { return evaluation_; }
  Clock::time_point now() const override { return Clock::now(); }
  void announce(const std::string& what, const InputStream& stream, std::size_t input) override {
    task_ = {what, &stream, input};
  }
  void set_contention(const std::optional<ContentionSpec>& spec) override;
  void let_corunners_run(bool running) override { corunners_->set_running(running); }
  void set_cap(std::size_t cap) override { platform_.limiter->set_cap(cap); }
  const Inference& infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                         const Burst& burst, const ModuleState& carried = nullptr) override;
  const Inference& measure(std::size_t model, const Burst& burst,
                           const ModuleState& carried = nullptr) override;
  ModuleState carried(std::size_t model) const override { return modules_[model]->carried(); }
  EnergyReading idle(double duration_s) override;
  double least_window_s() const override { return least_window_s_; }

 private:
  void check_effect();
  void run_stages(std::size_t model, std::size_t stop_stage, double deadline_s, const Burst& burst,
                  const ModuleState& carried);
  std::string unanswered() const;
  [[noreturn]] void give_up();

  Suite suite_;
  std::unique_ptr<CoRunners> corunners_;
  Platform platform_;
  double least_window_s_ = 0.0;
  std::unique_ptr<Dataset> dataset_;
  InputStream profiling_, evaluation_;
  RuntimeInfo runtime_info_;
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<WarmUp> warm_ups_;
  Inference inference_;  // reused, so that measuring does not allocate

  // What a model that does not answer was doing.
  struct Task {
    std::string what = "load";
    const InputStream* stream = nullptr;
    std::size_t input = 0;
  };
  Task task_;
  std::size_t model_ = 0, stage_ = 0;  // stage 0: while it is loaded
  std::function<void()> last_words_;
  double inference_timeout_s_;
  Watchdog watchdog_;  // last, so that it ends before what it uses
};

}  // namespace bench
