#include "experiment/overhead.hpp"

#include <algorithm>
#include <functional>

#include "alert/plus_scheduler.hpp"
#include "base/clock.hpp"
#include "platform/platform.hpp"
#include "results/inference_log.hpp"
#include "stream/stream.hpp"
#include "trace/trace.hpp"

namespace bench {
namespace {

constexpr std::size_t caps = 8;

/// DNNs from 2 ms up, each 1.5 times as slow as the one before.
alert::Profile example_profile(std::size_t models) {
  alert::Profile profile;
  profile.q_fail = 0.1;
  profile.idle_power_w = 4.0;
  for (std::size_t cap = 0; cap < caps; ++cap)
    profile.power_caps_w.push_back(10.0 + 5.0 * static_cast<double>(cap));
  double latency_s = 0.002;
  for (std::size_t i = 0; i < models; ++i, latency_s *= 1.5) {
    alert::ModelProfile model;
    model.name = "model-" + std::to_string(i);
    model.accuracy = {0.95 - 0.2 / static_cast<double>(i + 1)};
    for (const double cap_w : profile.power_caps_w) {
      model.latency_s.push_back({latency_s * profile.power_caps_w.back() / cap_w});
      model.busy_power_w.push_back(cap_w);
    }
    profile.models.push_back(std::move(model));
  }
  return profile;
}

alert::Goal example_goal() {
  alert::Goal goal;
  goal.deadline_s = 0.02;
  goal.accuracy = 0.88;
  return goal;
}

/// What the profile says, slowed down by a factor that differs from input to input.
TraceInput example_input(const alert::Profile& profile, std::size_t input) {
  TraceInput trace(profile.models.size(), profile.caps());
  trace.input = input;
  trace.group = {input, 0, 1};
  const double xi = 1.0 + 0.1 * static_cast<double>(input % 7);
  for (std::size_t i = 0; i < profile.models.size(); ++i) {
    for (std::size_t cap = 0; cap < profile.caps(); ++cap) {
      TraceRun& run = trace.run(i, cap);
      const double busy_s = xi * profile.models[i].latency_s[cap][0];
      run.stage_latency_s = {busy_s};
      run.stage_correct = {profile.models[i].accuracy[0]};
      run.busy_energy_j = busy_s * profile.models[i].busy_power_w[cap];
      run.idle_power_w = profile.idle_power_w;
    }
  }
  return trace;
}

Cost cost(const std::string& what, std::size_t repetitions, std::size_t batch,
          const std::function<void()>& operation) {
  std::vector<double> ns;
  for (std::size_t repetition = 0; repetition <= repetitions; ++repetition) {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < batch; ++i) operation();
    const double batch_s = seconds_between(begin, Clock::now());
    if (repetition > 0) ns.push_back(1e9 * batch_s / static_cast<double>(batch));  // first: warm-up
  }
  std::ranges::sort(ns);
  return {what, ns[ns.size() / 2], ns.front(), ns.back()};
}

}  // namespace

std::vector<Cost> measure_overhead(const std::filesystem::path& platform_file,
                                   std::size_t repetitions) {
  const alert::Profile profile = example_profile(6);
  const alert::Goal goal = example_goal();
  const TraceInput input = example_input(profile, 0);
  Stream stream(CatchUp(profile), goal, default_scheme("alert").make(profile, {}));
  Step step = stream.decide(0, input.group, false);
  stream.conclude(step, input);

  const Platform platform = open_platform(read_platform(platform_file), [] { return 0.0; });
  alert::Scheduler scheduler(profile);
  alert::PlusScheduler plus(profile);
  const StreamKey key{"default", 0, "alert"};
  std::size_t cap = 0;
  return {
      cost("decision over 48 candidates", repetitions, 1000,
           [&] { (void)scheduler.decide(goal, goal.deadline_s); }),
      cost("alert-plus's decision over them", repetitions, 1000,
           [&] { (void)plus.decide(goal, goal.deadline_s); }),
      cost("meter window", repetitions, 1000,
           [&] {
             platform.meter->start(Activity::busy);
             (void)platform.meter->stop();
           }),
      cost("cap set", repetitions, 1000,
           [&] { platform.limiter->set_cap(cap++ % platform.limiter->caps_w().size()); }),
      cost("log record", repetitions, 1000, [&] { (void)log_line(key, goal, profile, step); }),
  };
}

double time_replay(std::size_t decisions, std::size_t models) {
  const alert::Profile profile = example_profile(models);
  const alert::Goal goal = example_goal();
  std::vector<TraceInput> inputs;
  for (std::size_t i = 0; i < 64; ++i) inputs.push_back(example_input(profile, i));

  Stream stream(CatchUp(profile), goal, default_scheme("alert").make(profile, {}));
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < decisions; ++i) {
    const TraceInput& input = inputs[i % inputs.size()];
    Step step = stream.decide(i, input.group, false, &input);
    stream.conclude(step, input);
  }
  return seconds_between(begin, Clock::now());
}

}  // namespace bench
