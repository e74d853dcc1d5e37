#include "experiment/rig.hpp"

#include <cmath>
#include <numeric>
#include <thread>

#include "experiment/interrupt.hpp"

namespace bench {
namespace {

Suite checked_suite(const std::filesystem::path& folder) {
  Suite suite = read_suite(folder);
  check_hashes(suite);
  return suite;
}

}  // namespace

InputStream::InputStream(const Dataset& dataset, const Split& split, std::size_t burst,
                         std::uint64_t seed)
    : dataset_(dataset), burst_(burst), order_(split.size()) {
  std::iota(order_.begin(), order_.end(), split.first);
  std::mt19937_64 random(seed);
  shuffle(order_, random);
}

Burst InputStream::burst(std::size_t input) const {
  std::vector<std::size_t> indices(burst_);
  for (std::size_t i = 0; i < burst_; ++i)
    indices[i] = order_[(input * burst_ + i) % order_.size()];
  Burst burst{dataset_.burst(indices), {}};
  for (const std::size_t index : indices) burst.labels.push_back(dataset_.label(index));
  return burst;
}

Rig::Rig(const Config& config)
    : suite_(checked_suite(config.suite)),
      dataset_(suite_),
      burst_(config.inputs.burst),
      profiling_(dataset_, suite_.data.profiling, burst_, config.inputs.seed),
      evaluation_(dataset_, suite_.data.evaluation, burst_, config.inputs.seed),
      corunners_(std::make_unique<CoRunners>()),
      platform_(open_platform(read_platform(config.platform),
                              [this] { return corunners_->cpu_time_s(); })) {
  const Runtime& libtorch = runtime(platform_.spec.threads);
  runtime_info_ = libtorch.info();
  for (const ModelSpec& model : suite_.models)
    modules_.push_back(libtorch.load(model, suite_.classes));

  shape_ = {burst_};
  shape_.insert(shape_.end(), dataset_.item_shape().begin(), dataset_.item_shape().end());
  std::size_t most_stages = 0;
  for (const auto& module : modules_) most_stages = std::max(most_stages, module->stages());
  inference_.stage_latency_s.reserve(most_stages);
  inference_.stage_correct.reserve(most_stages);
  warm_up(config.inputs.warmup);
}

void Rig::warm_up(std::size_t inferences) {
  set_cap(caps_w().size() - 1);
  const Burst burst = profiling_.burst(0);
  for (std::size_t model = 0; model < modules_.size() && inferences > 0; ++model) {
    WarmUp warm_up{suite_.models[model].name};
    for (std::size_t i = 0; i < inferences; ++i) {
      stop_if_interrupted();
      warm_up.last_s = infer(model, stages(model), INFINITY, burst).stage_latency_s.back();
      if (i == 0) warm_up.first_s = warm_up.last_s;
    }
    warm_ups_.push_back(warm_up);
  }
}

void Rig::set_contention(const std::optional<ContentionSpec>& spec) {
  corunners_.reset();  // the old ones end before the new ones take their memory
  corunners_ = spec ? std::make_unique<CoRunners>(*spec) : std::make_unique<CoRunners>();
}

void Rig::let_corunners_run(bool running) { corunners_->set_running(running); }

const Inference& Rig::infer(std::size_t model, std::size_t stop_stage, double deadline_s,
                            const Burst& burst) {
  Module& module = *modules_[model];
  Limiter& limiter = *platform_.limiter;
  inference_.stage_latency_s.clear();
  inference_.stage_correct.clear();

  platform_.meter->start(Activity::busy);
  const auto begin = Clock::now();
  module.start(burst.items, shape_);
  auto segment = begin;
  for (std::size_t stage = 1; stage <= stop_stage; ++stage) {
    const auto logits = module.run_stage(stage);
    limiter.end_segment(segment);
    segment = Clock::now();
    inference_.stage_latency_s.push_back(seconds_between(begin, segment));
    inference_.stage_correct.push_back(share_correct(logits, burst.labels));
    if (inference_.stage_latency_s.back() > deadline_s) break;
  }
  inference_.busy_energy_j = platform_.meter->stop().energy_j;
  return inference_;
}

EnergyReading Rig::idle(double duration_s) {
  platform_.meter->start(Activity::idle);
  std::this_thread::sleep_for(std::chrono::duration<double>(duration_s));
  return platform_.meter->stop();
}

std::vector<Configuration> shuffled_configurations(const Rig& rig, std::mt19937_64& random) {
  std::vector<Configuration> configurations;
  for (std::size_t model = 0; model < rig.suite().models.size(); ++model)
    for (std::size_t cap = 0; cap < rig.caps_w().size(); ++cap)
      configurations.push_back({model, cap});
  shuffle(configurations, random);
  return configurations;
}

}  // namespace bench
