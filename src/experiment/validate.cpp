#include "experiment/validate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "config/config.hpp"
#include "platform/spec.hpp"
#include "results/inference_log.hpp"
#include "results/profile_file.hpp"
#include "results/summary.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "trace/simulate.hpp"
#include "trace/trace.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

/// All stages of each model, on an input of two items: one that can do with one only would fail on
/// a burst. Of a sentence, on its first two words, so that a model must read on.
void run_models(const Suite& suite, const Dataset& dataset) {
  const std::size_t first = suite.data.profiling.first;
  std::vector<std::size_t> items = {first};
  if (!dataset.sequential() && suite.data.profiling.size() > 1) items.push_back(first + 1);
  const std::size_t inputs = std::min<std::size_t>(dataset.inputs(first), 2);
  for (const ModelSpec& model : suite.models) {
    const auto module = runtime(1).load(model, suite);
    ModuleState carried;
    for (std::size_t position = 0; position < inputs; ++position) {
      module->start(dataset.burst(items, position), carried);
      try {
        for (std::size_t stage = 1; stage <= module->stages(); ++stage) module->run_stage(stage);
      } catch (const ModuleError& error) {
        throw InputError(fmt::format("an input of {} item(s): {}", items.size(), error.what()));
      }
      carried = module->carried();
    }
  }
}

std::string validate_suite(const fs::path& folder, bool deep) {
  const Suite suite = read_suite(folder);
  check_hashes(suite);
  const auto dataset = open_dataset(suite, 1);
  for (const Split& split : {suite.data.profiling, suite.data.evaluation})
    for (std::size_t item = split.first; item <= split.last; ++item)
      dataset->burst(std::span(&item, 1), 0);  // reads what is read only when asked for
  if (deep) run_models(suite, *dataset);
  return fmt::format("suite \"{}\": {} models, {} items; {}", suite.name, suite.models.size(),
                     dataset->size(),
                     deep ? "each model runs on an input" : "no model was run: --deep does that");
}

std::string validate_trace(const fs::path& file) {
  TraceReader reader(file);
  TraceInput input;
  std::size_t inputs = 0;
  while (reader.next(input)) ++inputs;
  if (inputs == 0) throw InputError(fmt::format("{}: the trace has no input", file.string()));
  return fmt::format("trace of \"{}\" / {}: {} inputs, {} models, {} caps", reader.header().suite,
                     reader.header().environment, inputs, reader.header().models.size(),
                     reader.header().power_caps_w.size());
}

std::string validate_log(const fs::path& file) {
  const fs::path profile = file.parent_path() / "profile.json";
  if (!fs::exists(profile))
    throw InputError(
        fmt::format("{}: a log is checked against the profile.json beside it, and there "
                    "is none",
                    file.string()));
  const LogSize size = count_inferences(file, read_profile(profile).profile);
  return fmt::format("log: {} streams, {} inferences", size.streams, size.inferences);
}

std::string validate_platform(const fs::path& file) {
  const PlatformSpec spec = read_platform(file);
  const PowerCaps& caps = spec.power_caps;
  return fmt::format("platform \"{}\": {} caps", spec.name,
                     caps.values_w.empty() ? caps.levels : caps.values_w.size());
}

std::string validate_document(const fs::path& file, bool deep) {
  const JsonValue root = JsonValue::read(file);
  if (root.find("schemes")) {
    const Config config = read_config(file);
    if (deep && !config.suite.empty()) validate_suite(config.suite, deep);
    return fmt::format("config \"{}\": {} environments, {} schemes", config.name,
                       config.environments.size(), config.schemes.size());
  }
  if (root.find("limiter") && root.at("limiter").raw() == "simulated")
    return fmt::format("platform \"{}\": {} caps, simulated", read_simulated_platform(file).name,
                       read_simulated_platform(file).power_caps_w.size());
  if (root.find("limiter")) return validate_platform(file);
  if (root.find("data")) return validate_suite(file.parent_path(), deep);
  if (root.find("idle_power_w"))
    return fmt::format("profile: {} models", read_profile(file).profile.models.size());
  if (root.find("grid")) return fmt::format("summary: {} rows", read_summary(root).rows.size());
  root.fail("is neither a config, a platform, a suite, a profile nor a summary");
}

}  // namespace

std::string validate(const fs::path& file, bool deep) {
  if (fs::is_directory(file)) return validate_suite(file, deep);
  const std::string name = file.filename().string();
  if (name == "inferences.jsonl") return validate_log(file);
  if (name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")) return validate_trace(file);
  return validate_document(file, deep);
}

}  // namespace bench
