#include "machine/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/interrupt.hpp"
#include "base/progress.hpp"
#include "config/inputs.hpp"
#include "stream/lost_inputs.hpp"
#include "trace/trace.hpp"

namespace bench {
namespace {

/// What every model carries after `input`, having read its group up to there; for a resumed trace.
std::vector<ModuleState> carried_after(Machine& machine, const InputStream& stream,
                                       std::size_t input) {
  std::vector<ModuleState> carried;
  for (std::size_t model = 0; model < machine.models(); ++model) {
    machine.infer(model, machine.stages(model), INFINITY, stream.burst(input));
    carried.push_back(machine.carried(model));
  }
  return carried;
}

}  // namespace

void record_trace(Machine& machine, const Config& config, const EnvironmentSpec& environment,
                  const std::filesystem::path& file, bool resume) {
  const Suite& suite = machine.suite();
  TraceHeader header{suite.name, environment.name, machine.energy_source(),
                     {},         machine.caps_w(), suite.q_fail};
  for (const ModelSpec& model : suite.models)
    header.models.push_back({model.name, model.kind, model.accuracy});
  TraceWriter writer(file, header, resume);
  const std::size_t first = writer.inputs_written();

  const InputsSpec& inputs = config.inputs;
  const InputStream& stream = machine.evaluation_inputs();
  const auto contention = contention_by_input(inputs, environment);
  machine.set_contention(environment.contention);

  const double idle_gap_s = std::max(inputs.idle_gap_s, machine.least_window_s());
  std::mt19937_64 random(inputs.seed);
  TraceInput record(suite.models.size(), machine.caps_w().size());
  std::vector<ModuleState> carried(suite.models.size());
  const std::string what = fmt::format("record {} / {}", suite.name, environment.name);
  Progress progress(what, inputs.count);
  LostInputs lost(what);
  for (std::size_t input = 0; input < inputs.count; ++input) {
    const auto configurations = shuffled_configurations(machine, random);
    progress.step();
    if (input < first) continue;
    machine.announce(what, stream, input);
    record.input = input;
    record.group = stream.group(input);
    record.contention = contention[input];
    if (record.group.position == 0)
      carried.assign(carried.size(), nullptr);
    else if (input == first && suite.data.sequential())
      carried = carried_after(machine, stream, input - 1);
    machine.let_corunners_run(contention[input]);
    const auto reason = stream.attempt(input, config.on_error, [&] {
      const Burst burst = stream.burst(input);
      std::vector<ModuleState> next(carried.size());  // the same under every cap
      for (const auto& [model, cap] : configurations) {
        stop_if_interrupted();
        TraceRun& run = record.run(model, cap);
        machine.set_cap(cap);
        const EnergyReading idle = machine.idle(idle_gap_s);
        run.idle_power_w = idle.power_w();
        const Inference& inference = machine.measure(model, burst, carried[model]);
        run.stage_latency_s = inference.stage_latency_s;
        run.stage_correct = inference.stage_correct;
        run.busy_energy_j = inference.busy_energy_j;
        run.energy_inferences = inference.energy_inferences;
        run.energy_reason = inference.busy_energy_j ? idle.missing : inference.energy_reason;
        next[model] = machine.carried(model);
      }
      carried = std::move(next);
    });
    record.lost = reason.value_or("");
    if (reason) lost.add(*reason);
    writer.write(record);
  }
  writer.close();
  machine.let_corunners_run(false);
  lost.report(inputs.count);
}

}  // namespace bench
