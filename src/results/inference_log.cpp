#include "results/inference_log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "config/grid.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

/// Cuts off what stands behind the last whole line.
void cut_to_whole_lines(const Descriptor& log, const std::filesystem::path& file) {
  const Descriptor reader = open_regular(file);
  std::vector<char> block(1 << 16);
  off_t end = 0, position = 0;
  for (ssize_t got = 0; (got = pread(reader.number(), block.data(), block.size(), position)) > 0;
       position += got)
    for (ssize_t i = 0; i < got; ++i)
      if (block[static_cast<std::size_t>(i)] == '\n') end = position + i + 1;
  if (ftruncate(log.number(), end) != 0) fail_to_write(file, errno);
}

/// The ends of the stages that ran: as many as `outcome` says, ascending, to the end of its busy
/// time; the answer came with the end of the stage delivered, or of the first.
std::vector<double> read_stage_latency(const JsonValue& value, const Outcome& outcome) {
  const JsonValue list = value.at("stage_latency_s");
  const std::vector<double> ends_s = list.numbers(0.0, max_latency_s);
  if (ends_s.size() != outcome.finished_stage)
    list.fail(fmt::format("must have {} values, one for each stage that ran, found {}",
                          outcome.finished_stage, ends_s.size()));
  if (!std::ranges::is_sorted(ends_s)) list.fail("must ascend: it is cumulative");
  const auto check = [&](const char* key, double found_s, std::size_t stage) {
    if (std::abs(found_s - ends_s[stage - 1]) > 1e-8)
      value.at(key).fail(fmt::format("must be the end of stage {}, {}, found {}", stage,
                                     ends_s[stage - 1], found_s));
  };
  check("busy_s", outcome.busy_s, outcome.finished_stage);
  check("latency_s", outcome.latency_s, std::max<std::size_t>(outcome.stage, 1));
  return ends_s;
}

Step read_step(const JsonValue& line, const alert::Profile& profile,
               const std::vector<std::string>& model_names) {
  Step step;
  step.input = line.at("input").count();
  step.group.group = line.at("group").count();
  step.group.position = line.at("group_position").count();
  read_name<alert::Task>(line.at("task"), "task");
  line.at("goal").at("deadline_s").positive();

  if (const auto lost = line.find("lost")) {
    step.lost = lost->string();
    return step;
  }

  const JsonValue decision = line.at("decision");
  auto& candidate = step.decision.candidate;
  candidate.model = decision.at("model").one_of(model_names, "model");
  candidate.stage = decision.at("stage").count(1, profile.models[candidate.model].stages());
  const double cap_w = decision.at("cap_w").number();
  const auto cap = std::ranges::find(profile.power_caps_w, cap_w);
  if (cap == profile.power_caps_w.end()) decision.at("cap_w").fail("no such cap in the profile");
  candidate.cap = static_cast<std::size_t>(cap - profile.power_caps_w.begin());
  if (auto overhead = decision.find("overhead_s")) step.overhead_s = overhead->number(0.0);

  const JsonValue value = line.at("outcome");
  Outcome& outcome = step.outcome;
  outcome.finished_stage = value.at("finished_stage").count(1, candidate.stage);
  outcome.stage = value.at("stage").count(0, outcome.finished_stage);
  outcome.latency_s = value.at("latency_s").positive();
  outcome.busy_s = value.at("busy_s").positive();
  outcome.overrun_s = value.at("overrun_s").number(0.0);
  if (auto busy = value.find("busy_energy_j")) outcome.busy_energy_j = busy->number(0.0);
  if (auto energy = value.find("energy_j"))
    outcome.energy_j = energy->number(0.0);
  else
    outcome.energy_reason = value.at("energy_reason").string();
  if (auto idle = value.find("idle_power_w")) outcome.idle_power_w = idle->number(0.0);
  outcome.period_s = value.at("period_s").positive();
  outcome.credited_accuracy = value.at("credited_accuracy").number(0.0, 1.0);
  outcome.correct = value.at("correct").number(0.0, 1.0);
  step.stage_latency_s = read_stage_latency(value, outcome);
  if (value.at("deadline_met").boolean() != outcome.deadline_met())
    value.at("deadline_met")
        .fail(fmt::format("must be {}: stage {} was delivered", outcome.deadline_met(),
                          outcome.stage));
  step.contention = value.at("contention").boolean();
  if (auto coarse = value.find("energy_coarse")) step.energy_coarse = coarse->boolean();
  return step;
}

/// Calls `body` with every step of a log, checked.
template <typename Body>
LogSize for_each_step(const std::filesystem::path& file, const alert::Profile& profile, Body body) {
  std::vector<std::string> model_names;
  for (const auto& model : profile.models) model_names.push_back(model.name);

  constexpr std::size_t most_streams = 1'000'000;
  std::map<StreamKey, std::size_t> inputs;
  LogSize size;
  size.whole = for_each_inference(file, [&](const StreamKey& key, const JsonValue& line) {
    Step step = read_step(line, profile, model_names);
    if (step.input != inputs[key]++) line.at("input").fail("an input is missing before");
    if (inputs.size() > most_streams)
      line.fail(fmt::format("more than {} streams, which is not one of our logs", most_streams));
    body(key, std::move(step));
    ++size.inferences;
  });
  size.streams = inputs.size();
  return size;
}

Json decision_and_outcome(const alert::Profile& profile, const Step& step) {
  const auto& [decision, outcome] = std::tie(step.decision, step.outcome);
  const auto& candidate = decision.candidate;

  Json decided = {{"model", profile.models[candidate.model].name},
                  {"stage", candidate.stage},
                  {"cap_w", profile.power_caps_w[candidate.cap]},
                  {"feasible", decision.feasible},
                  {"expected_accuracy", rounded(decision.prediction.accuracy)},
                  {"expected_energy_j", rounded(decision.prediction.energy_j)},
                  {"expected_latency_s", rounded(decision.prediction.latency_s)},
                  {"overhead_s", rounded_or_null(step.overhead_s)}};
  if (!step.overhead_s) decided["overhead_reason"] = "replayed";

  Json estimator = nullptr;
  if (step.estimate)
    estimator = {{"xi_mean", rounded(step.estimate->xi_mean)},
                 {"xi_variance", rounded(step.estimate->xi_variance)},
                 {"idle_ratio", rounded(step.estimate->idle_ratio)}};

  Json came_out = {{"stage", outcome.stage},
                   {"finished_stage", outcome.finished_stage},
                   {"stage_latency_s", Json::array()},
                   {"latency_s", rounded(outcome.latency_s)},
                   {"deadline_met", outcome.deadline_met()},
                   {"busy_s", rounded(outcome.busy_s)},
                   {"overrun_s", rounded(outcome.overrun_s)},
                   {"period_s", rounded(outcome.period_s)},
                   {"busy_energy_j", rounded_or_null(outcome.busy_energy_j)},
                   {"energy_j", rounded_or_null(outcome.energy_j)},
                   {"idle_power_w", rounded_or_null(outcome.idle_power_w)},
                   {"credited_accuracy", outcome.credited_accuracy},
                   {"correct", outcome.correct},
                   {"contention", step.contention}};
  for (const double latency_s : step.stage_latency_s)
    came_out["stage_latency_s"].push_back(rounded(latency_s));
  const bool idle = outcome.overrun_s <= 0.0 && !outcome.energy_reason.empty();
  if (!outcome.idle_power_w)
    came_out["idle_power_reason"] = idle ? outcome.energy_reason : "no idle time";
  if (!outcome.energy_j) came_out["energy_reason"] = outcome.energy_reason;
  if (step.energy_coarse) came_out["energy_coarse"] = true;

  return {{"decision", std::move(decided)},
          {"estimator", std::move(estimator)},
          {"outcome", std::move(came_out)}};
}

}  // namespace

Json to_json(const StreamKey& key, const alert::Goal& goal, const alert::Profile& profile,
             const Step& step) {
  Json asked = {{"deadline_s", rounded(goal.deadline_s)},
                {"effective_deadline_s",
                 step.lost ? Json(nullptr) : Json(rounded(step.decision.deadline_s))}};
  asked.update(to_json(goal));
  Json line = {{"scheme", key.scheme},
               {"task", to_string(goal.task)},
               {"environment", key.environment},
               {"setting", key.setting},
               {"input", step.input},
               {"group", step.group.group},
               {"group_position", step.group.position},
               {"goal", std::move(asked)}};
  if (step.lost)
    line.update({{"decision", nullptr},
                 {"estimator", nullptr},
                 {"outcome", nullptr},
                 {"lost", *step.lost}});
  else
    line.update(decision_and_outcome(profile, step));
  return line;
}

std::string log_line(const StreamKey& key, const alert::Goal& goal, const alert::Profile& profile,
                     const Step& step) {
  return to_text(to_json(key, goal, profile, step)) + '\n';
}

InferenceLog::InferenceLog(const std::filesystem::path& file, bool resume)
    : file_(file), descriptor_(resume ? open_to_append(file) : create_file(file)) {
  if (resume) cut_to_whole_lines(descriptor_, file);
}

InferenceLog::~InferenceLog() {
  try {
    flush();
  } catch (...) {  // the error that brought us here is the one to report
  }
}

void InferenceLog::write(const StreamKey& key, const alert::Goal& goal,
                         const alert::Profile& profile, const Step& step) {
  append(log_line(key, goal, profile, step));
}

void InferenceLog::append(std::string_view line) {
  buffer_ += line;
  if (buffer_.size() > 1 << 16) flush();
}

void InferenceLog::flush() { write_all(descriptor_, std::exchange(buffer_, {}), file_); }

bool for_each_inference(const std::filesystem::path& file,
                        const std::function<void(const StreamKey&, const JsonValue&)>& body) {
  if (!std::filesystem::exists(file))
    throw InputError(fmt::format(
        "{}: there is no log; a replay writes it with --set log_inferences=true", file.string()));
  LineReader lines(file);
  while (const auto text = lines.next()) {
    const JsonValue line = JsonValue::from(parse_json(*text, lines.place()), lines.place());
    body({line.at("environment").string(), line.at("setting").count(), line.at("scheme").string()},
         line);
  }
  return !lines.cut();
}

std::map<StreamKey, std::vector<Step>> read_inferences(const std::filesystem::path& file,
                                                       const alert::Profile& profile) {
  std::map<StreamKey, std::vector<Step>> streams;
  for_each_step(file, profile,
                [&](const StreamKey& key, Step step) { streams[key].push_back(std::move(step)); });
  return streams;
}

LogSize count_inferences(const std::filesystem::path& file, const alert::Profile& profile) {
  const LogSize size = for_each_step(file, profile, [](const StreamKey&, const Step&) {});
  if (!size.whole)
    throw InputError(fmt::format(
        "{}: the last line is not whole: it was cut off, or this is no log", file.string()));
  if (size.inferences == 0) throw InputError(fmt::format("{}: the log is empty", file.string()));
  return size;
}

}  // namespace bench
