#include "experiment/recorder.hpp"

#include <fmt/format.h>

#include <cmath>

#include "experiment/interrupt.hpp"
#include "experiment/progress.hpp"

namespace bench {

std::vector<GroupPosition> group_positions(const InputsSpec& inputs) {
  std::vector<GroupPosition> positions;
  std::mt19937_64 random(inputs.seed);
  for (std::size_t group = 0; positions.size() < inputs.count; ++group) {
    const std::size_t span = inputs.group_max - inputs.group_min + 1;
    const std::size_t left = inputs.count - positions.size();
    const std::size_t size = std::min(left, inputs.group_min + random() % span);
    for (std::size_t position = 0; position < size; ++position)
      positions.push_back({group, position, size});
  }
  return positions;
}

std::vector<bool> contention_by_input(const InputsSpec& inputs,
                                      const EnvironmentSpec& environment) {
  return environment.contention
             ? contention_schedule(*environment.contention, inputs.count, inputs.seed)
             : std::vector<bool>(inputs.count, false);
}

void record_trace(Rig& rig, const Config& config, const EnvironmentSpec& environment,
                  const std::filesystem::path& file, bool resume) {
  const Suite& suite = rig.suite();
  TraceHeader header{suite.name, environment.name, rig.platform().meter->info().source,
                     {},         rig.caps_w(),     suite.q_fail};
  for (const ModelSpec& model : suite.models)
    header.models.push_back({model.name, model.kind, model.accuracy});
  TraceWriter writer(file, header, resume);

  const InputsSpec& inputs = config.inputs;
  const auto groups = group_positions(inputs);
  const auto contention = contention_by_input(inputs, environment);
  rig.set_contention(environment.contention);

  std::mt19937_64 random(inputs.seed);
  TraceInput record(suite.models.size(), rig.caps_w().size());
  Progress progress(fmt::format("record {} / {}", suite.name, environment.name), inputs.count);
  for (std::size_t input = 0; input < inputs.count; ++input) {
    const auto configurations = shuffled_configurations(rig, random);
    progress.step();
    if (input < writer.inputs_written()) continue;
    record.input = input;
    record.group = groups[input];
    record.contention = contention[input];
    rig.let_corunners_run(contention[input]);
    const Burst burst = rig.evaluation_inputs().burst(input);
    for (const auto& [model, cap] : configurations) {
      stop_if_interrupted();
      TraceRun& run = record.run(model, cap);
      rig.set_cap(cap);
      run.idle_power_w = rig.idle(inputs.idle_gap_s).power_w();
      const Inference& inference = rig.infer(model, rig.stages(model), INFINITY, burst);
      run.stage_latency_s = inference.stage_latency_s;
      run.stage_correct = inference.stage_correct;
      run.busy_energy_j = inference.busy_energy_j;
    }
    writer.write(record);
  }
  writer.close();
  rig.let_corunners_run(false);
}

}  // namespace bench
