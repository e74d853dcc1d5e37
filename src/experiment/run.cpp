#include "experiment/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/interrupt.hpp"
#include "base/progress.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "config/grid.hpp"
#include "config/inputs.hpp"
#include "experiment/replay.hpp"
#include "machine/conditions.hpp"
#include "machine/description.hpp"
#include "machine/live.hpp"
#include "machine/profiler.hpp"
#include "machine/recorder.hpp"
#include "results/manifest.hpp"
#include "trace/simulate.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Runs `body` and leaves the manifest saying how it ended.
template <typename Body>
auto with_manifest(Manifest& manifest, Body body) {
  try {
    auto result = body();
    manifest.finish();
    return result;
  } catch (const Interrupted&) {
    manifest.interrupted();
    throw;
  }
}

/// The profile to schedule by, in the folder as profile.json: the one an interrupted run left, the
/// config's, or one measured now. As the file has it, rounded, so that a replay has the same.
ProfileFile obtain_profile(Rig& rig, const Config& config, const ResultsFolder& folder,
                           Conditions& conditions) {
  const fs::path file = folder.file("profile.json");
  if (folder.resuming() && fs::exists(file)) return read_profile(file);
  ProfileFile profile;
  if (config.profile.empty()) {
    conditions.watch(rig, "profile",
                     [&] { profile = measure_profile(rig, config.inputs, config.on_error); });
    conditions.add_warm_up(warm_up_warnings(profile, rig.warm_ups()));
  } else {
    profile = read_profile(config.profile);
  }
  folder.write("profile.json", to_json(profile));
  return read_profile(file);
}

/// A profile from elsewhere must be of this rig's models and caps.
void check_profile(const ProfileFile& file, const Rig& rig, const Config& config) {
  const auto differs = [&](const std::string& what) {
    throw InputError(fmt::format("{}: {} of the profile differs from the suite's or the platform's",
                                 config.profile.string(), what));
  };
  const alert::Profile& profile = file.profile;
  if (file.suite != rig.suite().name) differs("\"suite\"");
  if (profile.power_caps_w != rig.caps_w()) differs("\"power_caps_w\"");
  if (profile.models.size() != rig.suite().models.size()) differs("the number of models");
  for (std::size_t i = 0; i < profile.models.size(); ++i)
    if (profile.models[i].name != rig.suite().models[i].name ||
        profile.models[i].accuracy != rig.suite().models[i].accuracy)
      differs(fmt::format("model \"{}\"", profile.models[i].name));
}

void check_schemes(const Config& config, const alert::Profile& profile) {
  for (const SchemeSpec& spec : config.schemes) {
    try {
      spec.make(profile, {});
    } catch (const std::invalid_argument& error) {
      throw InputError(
          fmt::format("{}: /schemes: \"{}\": {}", config.source, spec.name, error.what()));
    }
  }
}

/// The suite as a profile with made-up latencies: enough to tell whether a scheme can work on it.
alert::Profile unmeasured_profile(const Suite& suite) {
  alert::Profile profile;
  profile.power_caps_w = {1.0};
  for (const ModelSpec& spec : suite.models) {
    const std::vector<double> latency_s(spec.accuracy.size(), 1.0);
    profile.models.push_back({spec.name, spec.kind, spec.accuracy, {latency_s}, {1.0}});
  }
  return profile;
}

/// Fails, before anything is written or measured, where the config does not fit the suite.
void check_fit(const Config& config, const Rig& rig) {
  check_schemes(config, unmeasured_profile(rig.suite()));
  if (!config.profile.empty()) check_profile(read_profile(config.profile), rig, config);
}

fs::path trace_file(const ResultsFolder& folder, const std::string& environment) {
  return folder.file("traces") / (environment + ".jsonl.gz");
}

SummaryInput summary_of(const Config& config, Mode mode, const ProfileFile& profile,
                        const std::vector<alert::Goal>& grid, std::vector<std::string> environments,
                        std::vector<Cell> cells) {
  SummaryInput input;
  input.name = config.name;
  input.suite = profile.suite;
  input.mode = mode;
  input.energy_source = profile.energy_source;
  input.environments = std::move(environments);
  for (const SchemeSpec& spec : config.schemes) {
    input.schemes.push_back(spec.name);
    if (spec.scheme == "oracle-static") input.base_scheme = spec.name;
  }
  input.grid = grid;
  input.cells = std::move(cells);
  return input;
}

void append(std::vector<Cell>& cells, std::vector<Cell> more) {
  std::ranges::move(more, std::back_inserter(cells));
}

std::vector<fs::path> record_all(Rig& rig, const Config& config, const ResultsFolder& folder,
                                 Conditions& conditions) {
  fs::create_directories(folder.file("traces"));
  std::vector<fs::path> traces;
  for (const EnvironmentSpec& environment : config.environments) {
    traces.push_back(trace_file(folder, environment.name));
    conditions.watch(rig, "record " + environment.name, [&] {
      record_trace(rig, config, environment, traces.back(),
                   folder.resuming() && fs::exists(traces.back()));
    });
    if (environment.contention) conditions.add(environment.name, rig.corunner_use());
  }
  return traces;
}

Summary replay_all(const Config& config, const ProfileFile& profile,
                   const std::vector<fs::path>& traces, const ResultsFolder& folder,
                   const Json& conditions) {
  const auto grid = constraint_grid(config.goals, profile.profile);
  std::optional<InferenceLog> log;
  if (config.log_inferences) log.emplace(folder.file("inferences.jsonl"), false);
  std::vector<Cell> cells;
  std::vector<std::string> environments;
  Progress progress("replay " + config.name, traces.size());
  for (const fs::path& trace : traces) {
    environments.push_back(TraceReader(trace).header().environment);
    append(cells, replay_trace(trace, profile, grid, config.schemes, log ? &*log : nullptr));
    progress.step();
  }
  Summary summary =
      summarize(summary_of(config, Mode::replay, profile, grid, environments, std::move(cells)));
  summary.conditions = conditions;
  folder.write("summary.json", to_json(summary));
  return summary;
}

Summary live_all(Rig& rig, const Config& config, const ProfileFile& profile,
                 const ResultsFolder& folder, Conditions& conditions) {
  const auto grid = constraint_grid(config.goals, profile.profile);
  const fs::path file = folder.file("inferences.jsonl");
  const auto logged = folder.resuming() && fs::exists(file)
                          ? read_inferences(file, profile.profile)
                          : std::map<StreamKey, std::vector<Step>>();
  InferenceLog log(file, folder.resuming());
  std::vector<Cell> cells;
  std::vector<std::string> environments;
  for (const EnvironmentSpec& environment : config.environments) {
    environments.push_back(environment.name);
    conditions.watch(rig, "live " + environment.name, [&] {
      append(cells, run_live(rig, config, environment, profile, grid, logged, log));
    });
    if (environment.contention) conditions.add(environment.name, rig.corunner_use());
  }
  Summary summary =
      summarize(summary_of(config, Mode::live, profile, grid, environments, std::move(cells)));
  summary.conditions = conditions.fields();
  folder.write("summary.json", to_json(summary));
  return summary;
}

/// The platform that the config describes, on which its schemes can work.
const Simulation& described_platform(const Config& config) {
  if (!config.simulate)
    throw InputError(
        fmt::format("{}: /: \"simulate\" is missing: it describes the platform", config.source));
  if (!config.profile.empty())  // a replay of its traces may name one
    throw InputError(
        fmt::format("{}: /profile: a simulated platform does not go by this: "
                    "\"simulate\" describes it",
                    config.source));
  check_schemes(config, simulated_profile(*config.simulate));
  return *config.simulate;
}

/// The described platform's profile and traces, in the folder as if they had been recorded.
std::pair<ProfileFile, std::vector<fs::path>> simulate_all(const Config& config,
                                                           const Simulation& simulation,
                                                           const ResultsFolder& folder,
                                                           Manifest& manifest) {
  manifest.add(
      {{"energy_source", to_string(EnergySource::simulated)},
       {"platform",
        {{"name", simulation.platform.name}, {"description", simulation.platform.description}}}});
  const ProfileFile profile{
      simulation.suite, EnergySource::simulated, simulated_profile(simulation), {}, {}};
  folder.write("profile.json", to_json(profile));

  fs::create_directories(folder.file("traces"));
  const auto groups = group_positions(config.inputs);
  std::vector<fs::path> traces;
  for (const EnvironmentSpec& environment : config.environments) {
    traces.push_back(trace_file(folder, environment.name));
    TraceWriter writer(traces.back(), simulated_header(simulation, environment.name));
    const auto contention = contention_by_input(config.inputs, environment);
    std::optional<Workload> workload;
    if (environment.contention) workload = environment.contention->workload;
    Simulator simulator(simulation, workload, config.inputs.burst, config.inputs.seed);
    TraceInput record(profile.profile.models.size(), profile.profile.caps());
    Progress progress(fmt::format("simulate {} / {}", config.name, environment.name),
                      config.inputs.count);
    for (std::size_t input = 0; input < config.inputs.count; ++input) {
      stop_if_interrupted();
      record.input = input;
      record.group = groups[input];
      record.contention = contention[input];
      simulator.next(record);
      writer.write(record);
      progress.step();
    }
    writer.close();
  }
  return {read_profile(folder.file("profile.json")), traces};  // rounded, as a replay has it
}

/// Puts traces in the order of the config's environments, others last: the results are then the
/// same whatever the order on the command line.
void sort_as_configured(std::vector<fs::path>& traces, const Config& config) {
  std::ranges::stable_sort(traces, {}, [&](const fs::path& trace) {
    return std::ranges::find(config.environments, TraceReader(trace).header().environment,
                             &EnvironmentSpec::name) -
           config.environments.begin();
  });
}

Summary run_simulation(const Config& config, const fs::path& out, Existing existing) {
  const ResultsFolder folder(out, existing, config.document);
  const Simulation& simulation = described_platform(config);
  folder.prepare();
  Manifest manifest(folder, config);
  return with_manifest(manifest, [&] {
    const auto [profile, traces] = simulate_all(config, simulation, folder, manifest);
    return replay_all(config, profile, traces, folder, Json::object());
  });
}

/// What the manifest of a folder tells of the conditions that its traces were recorded under.
Json told_conditions(const fs::path& manifest) {
  Json told = Json::object();
  if (!fs::exists(manifest)) return told;
  const std::string text = read_text(manifest, max_document_bytes);
  parse_json(text, manifest.string());
  const Json document = Json::parse(text);  // again, because this one keeps the fields' order
  for (const char* key : {"machine_load", "contention", "warm_up_warnings"})
    if (document.contains(key)) told[key] = document[key];
  return told;
}

/// Runs `body` on the config's rig, once all is checked that can be before anything is written.
template <typename Body>
auto with_rig(const Config& config, const fs::path& out, Existing existing, Body body) {
  const ResultsFolder folder(out, existing, config.document);
  folder.spare(config.profile);
  for (const EnvironmentSpec& environment : config.environments)
    if (environment.contention) check_workload(*environment.contention);
  Rig rig(config.suite, config.platform, config.inputs, config.inference_timeout_s);
  check_fit(config, rig);
  const Json told =
      folder.resuming() ? told_conditions(folder.file("manifest.json")) : Json::object();
  folder.prepare();
  Manifest manifest(folder, config);
  rig.before_giving_up([&] {
    manifest.failed();
    warn(fmt::format("what {} holds is whole; --resume goes on from it", folder.path().string()));
  });
  Conditions conditions([&](const Json& fields) { manifest.add(fields); });
  conditions.resume(told);
  return with_manifest(manifest, [&] {
    rig.warm_up(config.inputs.warmup, config.on_error);
    manifest.add(description_of(rig));
    return body(rig, folder, conditions);
  });
}

/// A config's suite, where it is here, must be the one that was recorded.
void check_same_suite(const Config& config, const ProfileFile& profile) {
  const fs::path file = config.suite / "suite.json";
  if (config.suite.empty() || !fs::exists(file)) return;
  if (const auto name = JsonValue::read(file).at("name").string(); name != profile.suite)
    throw InputError(fmt::format("{}: /suite: the traces are of the suite \"{}\", found \"{}\"",
                                 config.source, profile.suite, name));
}

/// What the manifest beside a profile says of the platform that it is of; null where there is none.
Json platform_of(const fs::path& profile) {
  const fs::path manifest = fs::absolute(profile).replace_filename("manifest.json");
  if (!fs::exists(manifest)) return nullptr;
  const auto platform = JsonValue::read(manifest).find("platform");
  return platform ? Json(platform->raw()) : Json(nullptr);
}

}  // namespace

Summary run_experiment(const Config& config, const fs::path& out, Existing existing) {
  if (config.simulate) return run_simulation(config, out, existing);
  return with_rig(config, out, existing,
                  [&](Rig& rig, const ResultsFolder& folder, Conditions& conditions) {
                    const ProfileFile profile = obtain_profile(rig, config, folder, conditions);
                    if (config.mode == Mode::live)
                      return live_all(rig, config, profile, folder, conditions);
                    const auto traces = record_all(rig, config, folder, conditions);
                    return replay_all(config, profile, traces, folder, conditions.fields());
                  });
}

void record_experiment(const Config& config, const fs::path& out, Existing existing) {
  with_rig(config, out, existing,
           [&](Rig& rig, const ResultsFolder& folder, Conditions& conditions) {
             obtain_profile(rig, config, folder, conditions);
             return record_all(rig, config, folder, conditions);
           });
}

void simulate_experiment(const Config& config, const fs::path& out, Existing existing) {
  const ResultsFolder folder(out, existing, config.document);
  const Simulation& simulation = described_platform(config);
  folder.prepare();
  Manifest manifest(folder, config);
  with_manifest(manifest, [&] { return simulate_all(config, simulation, folder, manifest); });
}

Summary replay_experiment(Config config, std::vector<fs::path> traces, const fs::path& out,
                          Existing existing) {
  const fs::path file =
      !config.profile.empty()
          ? config.profile
          : fs::absolute(traces.front()).parent_path().parent_path() / "profile.json";
  const ProfileFile profile = read_profile(file);
  check_same_suite(config, profile);
  check_schemes(config, profile.profile);
  sort_as_configured(traces, config);
  Json environments = Json::array();
  for (const fs::path& trace : traces) {
    const TraceHeader header = TraceReader(trace).header();
    check_trace(trace, header, profile.profile);
    const Json environment = {{"name", header.environment}};
    if (std::ranges::find(environments, environment) != environments.end())
      throw InputError(fmt::format("{}: a trace of the environment \"{}\" was given before",
                                   trace.string(), header.environment));
    environments.push_back(environment);
  }
  config.document["environments"] = environments;
  const ResultsFolder folder(out, existing, config.document);
  for (const fs::path& trace : traces) folder.spare(trace);
  folder.spare(file);
  const Json told = told_conditions(file.parent_path() / "manifest.json");
  folder.prepare();
  Manifest manifest(folder, config);
  return with_manifest(manifest, [&] {
    Json hashes = {{"profile", sha256_hex(file)}};
    for (const fs::path& trace : traces)
      hashes[printable(trace.filename().string())] = sha256_hex(trace);
    manifest.add({{"energy_source", to_string(profile.energy_source)}, {"sha256", hashes}});
    manifest.add(told);
    if (const Json platform = platform_of(file); !platform.is_null())
      manifest.add({{"platform", platform}});
    folder.write("profile.json", to_json(profile));
    return replay_all(config, profile, traces, folder, told);
  });
}

}  // namespace bench
