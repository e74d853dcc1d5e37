#include "machine/rig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "base/progress.hpp"
#include "platform/effect_check.hpp"

namespace bench {
namespace {

Suite checked_suite(const std::filesystem::path& folder, const InputsSpec& inputs) {
  Suite suite = read_suite(folder);
  check_hashes(suite);
  if (suite.data.sequential() && inputs.burst > 1)
    throw InputError(fmt::format(
        "suite \"{}\" is sequential: an input is one word, so that the burst must be 1, not {}",
        suite.name, inputs.burst));
  if (suite.data.sequential() && inputs.group_max > 1)
    throw InputError(fmt::format(
        "suite \"{}\" is sequential: its sentences are the groups; leave out \"group_size\"",
        suite.name));
  return suite;
}

}  // namespace

Rig::Rig(const std::filesystem::path& suite, const std::filesystem::path& platform,
         const InputsSpec& inputs, double inference_timeout_s)
    : suite_(checked_suite(suite, inputs)),
      corunners_(std::make_unique<CoRunners>()),
      platform_(
          open_platform(read_platform(platform), [this] { return corunners_->cpu_time_s(); })),
      dataset_(open_dataset(suite_, platform_.spec.threads)),
      profiling_(*dataset_, suite_.data.profiling, inputs, std::max(inputs.profile, inputs.warmup)),
      evaluation_(*dataset_, suite_.data.evaluation, inputs, inputs.count),
      inference_timeout_s_(inference_timeout_s),
      watchdog_(inference_timeout_s, [this] { give_up(); }) {
  const double update_interval_s = platform_.meter->info().update_interval_s.value_or(0.0);
  least_window_s_ = least_intervals * update_interval_s;
  const Runtime& libtorch = runtime(platform_.spec.threads);
  runtime_info_ = libtorch.info();
  std::size_t most_stages = 0;
  for (model_ = 0; model_ < suite_.models.size(); ++model_) {
    stop_if_interrupted();  // loading takes seconds
    const ModelSpec& model = suite_.models[model_];
    const Watchdog::Inference watched(watchdog_);  // an anytime module is asked for its stages
    modules_.push_back(
        watched.call([&] { return libtorch.load(model, suite_, platform_.spec.device); }));
    most_stages = std::max(most_stages, model.accuracy.size());
  }
  inference_.stage_latency_s.reserve(most_stages);
  inference_.stage_correct.reserve(most_stages);
}

std::string Rig::unanswered() const {
  const ModelSpec& model = suite_.models[model_];
  std::string text = task_.what;
  if (task_.stream) text += ": " + task_.stream->describe(task_.input);
  text += fmt::format(": model \"{}\" ({})", model.name, model.file.string());
  if (stage_ > 0) text += fmt::format(", stage {}", stage_);
  return text +
         fmt::format(
             ": no answer within {} s (\"inference_timeout_s\" of the config). A model cannot "
             "be stopped: the program puts the power limits back and ends",
             inference_timeout_s_);
}

void Rig::give_up() {
  Progress::clear();
  warn(unanswered());
  corunners_.reset();
  if (last_words_) last_words_();
  end_now(EXIT_FAILURE);
}

void Rig::warm_up(std::size_t inferences, OnError on_error) {
  set_cap(caps_w().size() - 1);
  for (std::size_t model = 0; model < modules_.size() && inferences > 0; ++model) {
    WarmUp warm_up{suite_.models[model].name};
    ModuleState carried;
    for (std::size_t input = 0; input < inferences; ++input) {
      stop_if_interrupted();
      if (profiling_.group(input).position == 0) carried.reset();
      announce("warm-up", profiling_, input);
      profiling_.attempt(input, on_error, [&] {
        const Burst burst = profiling_.burst(input);
        warm_up.last_s =
            infer(model, stages(model), INFINITY, burst, carried).stage_latency_s.back();
        carried = modules_[model]->carried();
      });
      if (input == 0) warm_up.first_s = warm_up.last_s;
    }
    warm_ups_.push_back(warm_up);
  }
  check_effect();
}

void Rig::check_effect() {
  if (platform_.spec.device == "cpu") {
    bench::check_effect(*platform_.limiter, *platform_.meter, cpu_load);
    return;
  }
  const Burst burst = profiling_.burst(0);
  bench::check_effect(*platform_.limiter, *platform_.meter, [&](double duration_s) {
    const std::size_t model = modules_.size() - 1;
    const auto begin = Clock::now();
    double inferences = 0.0;
    for (; seconds_between(begin, Clock::now()) < duration_s; inferences += 1.0) {
      stop_if_interrupted();
      run_stages(model, stages(model), INFINITY, burst, nullptr);
    }
    return inferences / seconds_between(begin, Clock::now());
  });
}

void Rig::set_contention(const std::optional<ContentionSpec>& spec) {
  corunners_.reset();  // the old ones end before the new ones take their memory
  corunners_ = spec ? std::make_unique<CoRunners>(*spec) : std::make_unique<CoRunners>();
}

void Rig::run_stages(std::size_t model, std::size_t stop_stage, double deadline_s,
                     const Burst& burst, const ModuleState& carried) {
  Module& module = *modules_[model];
  Limiter& limiter = *platform_.limiter;
  inference_.stage_latency_s.clear();
  inference_.stage_correct.clear();

  const Watchdog::Inference watched(watchdog_);
  model_ = model;
  stage_ = 1;
  watched.call([&] { module.start(burst, carried); });
  const auto begin = Clock::now();
  auto segment = begin;
  for (std::size_t stage = 1; stage <= stop_stage; ++stage) {
    stage_ = stage;
    const auto logits = watched.call([&] { return module.run_stage(stage); });
    limiter.end_segment(segment);
    segment = Clock::now();
    inference_.stage_latency_s.push_back(seconds_between(begin, segment));
    inference_.stage_correct.push_back(share_correct(logits, burst.labels));
    if (inference_.stage_latency_s.back() > deadline_s) break;
  }
}

const Inference& Rig::infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                            const Burst& burst, const ModuleState& carried) {
  platform_.meter->start(Activity::busy);
  run_stages(model, stop_stage, deadline_s, burst, carried);
  const EnergyReading reading = platform_.meter->stop();
  inference_.busy_energy_j = reading.energy_j;
  inference_.energy_reason = reading.missing;
  inference_.energy_inferences = 1;
  return inference_;
}

const Inference& Rig::measure(std::size_t model, const Burst& burst, const ModuleState& carried) {
  infer(model, stages(model), INFINITY, burst, carried);
  const double latency_s = inference_.stage_latency_s.back();
  if (latency_s >= least_window_s_) return inference_;

  const Inference timed = inference_;
  std::size_t repetitions = 0;
  platform_.meter->start(Activity::busy);
  // By the clock, because the one that was timed may have been slow by chance.
  for (const auto begin = Clock::now(); seconds_between(begin, Clock::now()) < least_window_s_;
       ++repetitions)
    run_stages(model, stages(model), INFINITY, burst, carried);
  const EnergyReading reading = platform_.meter->stop();
  inference_ = timed;
  inference_.busy_energy_j.reset();
  if (const auto power_w = reading.power_w()) inference_.busy_energy_j = *power_w * latency_s;
  inference_.energy_reason = reading.missing;
  inference_.energy_inferences = repetitions;
  return inference_;
}

EnergyReading Rig::idle(double duration_s) {
  platform_.meter->start(Activity::idle);
  std::this_thread::sleep_for(std::chrono::duration<double>(duration_s));
  return platform_.meter->stop();
}

}  // namespace bench
