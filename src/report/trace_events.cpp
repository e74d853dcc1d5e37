#include "report/trace_events.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "results/inference_log.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

enum Track { inferences = 1, stages, decisions, caps, contention };
constexpr const char* track_names[] = {"",          "inferences", "stages",
                                       "decisions", "caps",       "contention"};

/// The events of one array, one per line.
class EventList {
 public:
  explicit EventList(const WriteText& write) : write_(write) {}
  void add(const Json& event) {
    write_((empty_ ? R"({"displayTimeUnit":"ms","traceEvents":[)" : ",") + ('\n' + to_text(event)));
    empty_ = false;
  }
  void end() { write_("\n]}\n"); }

 private:
  const WriteText& write_;
  bool empty_ = true;
};

double microseconds(double seconds) { return std::round(seconds * 1e9) / 1e3; }

/// One stream of the log as one process.
class Process {
 public:
  Process(EventList& events, std::size_t pid, const std::string& name)
      : events_(events), pid_(pid) {
    name_event("process_name", 0, name);
    for (const Track track : {inferences, stages, decisions, caps, contention})
      name_event("thread_name", track, track_names[track]);
  }

  void add(const JsonValue& line) {
    if (const auto lost = line.find("lost"))
      return add_event("i", inferences, "lost: " + lost->string(), now_s_, {{"s", "t"}});
    const JsonValue goal = line.at("goal"), decision = line.at("decision"),
                    outcome = line.at("outcome");
    const double busy_s = outcome.at("busy_s").positive();
    const auto overhead = decision.find("overhead_s");  // nothing in a replay
    const double overhead_s = overhead ? overhead->number(0.0) : 0.0;
    const double begin_s = now_s_ + overhead_s;

    slice(decisions, "decide", now_s_, overhead_s,
          {{"decision", decision.raw()}, {"goal", goal.raw()}});
    slice(inferences, decision.at("model").string(), begin_s, busy_s,
          {{"input", line.at("input").raw()},
           {"group", line.at("group").raw()},
           {"outcome", outcome.raw()}});
    if (!outcome.at("deadline_met").boolean())
      add_event("i", inferences, "nothing in time", begin_s + busy_s, {{"s", "t"}});

    const std::size_t delivered = outcome.at("stage").count();
    double end_s = 0.0;
    for (std::size_t stage = 1; const double next_s : outcome.at("stage_latency_s").numbers(0.0)) {
      slice(stages, fmt::format("stage {}", stage), begin_s + end_s, next_s - end_s,
            {{"delivered", stage == delivered}});
      end_s = next_s;
      ++stage;
    }

    if (const auto estimate = line.find("estimator"))
      counter("xi", now_s_,
              {{"mean", estimate->at("xi_mean").number()},
               {"sigma", std::sqrt(estimate->at("xi_variance").number(0.0))}});
    if (const auto busy_energy_j = outcome.find("busy_energy_j"))
      counter("power [W]", begin_s, {{"power", busy_energy_j->number(0.0) / busy_s}});
    if (const auto idle_power_w = outcome.find("idle_power_w"))
      counter("power [W]", begin_s + busy_s, {{"power", idle_power_w->number(0.0)}});

    cap_.change(*this, caps, fmt::format("{:g} W", decision.at("cap_w").number()));
    contention_.change(*this, contention,
                       outcome.at("contention").boolean() ? "co-located work" : "");
    now_s_ += outcome.at("period_s").positive();
  }

  void end() {
    cap_.change(*this, caps, "");
    contention_.change(*this, contention, "");
  }

 private:
  /// A slice over as many inputs as something stays the same.
  struct Span {
    std::string name;  ///< empty: nothing to show
    double begin_s = 0.0;

    void change(Process& process, Track track, const std::string& next) {
      if (next == name) return;
      if (!name.empty())
        process.slice(track, name, begin_s, process.now_s_ - begin_s, Json::object());
      *this = {next, process.now_s_};
    }
  };

  void add_event(const char* phase, Track track, const std::string& name, double begin_s,
                 const Json& more) {
    Json event = {{"ph", phase},
                  {"pid", pid_},
                  {"tid", static_cast<int>(track)},
                  {"ts", microseconds(begin_s)},
                  {"name", name}};
    event.update(more);
    events_.add(event);
  }
  void slice(Track track, const std::string& name, double begin_s, double duration_s,
             const Json& args) {
    add_event("X", track, name, begin_s, {{"dur", microseconds(duration_s)}, {"args", args}});
  }
  void counter(const char* name, double time_s, const Json& values) {
    events_.add({{"ph", "C"},
                 {"pid", pid_},
                 {"ts", microseconds(time_s)},
                 {"name", name},
                 {"args", values}});
  }
  void name_event(const char* kind, int track, const std::string& name) {
    events_.add(
        {{"ph", "M"}, {"pid", pid_}, {"tid", track}, {"name", kind}, {"args", {{"name", name}}}});
  }

  EventList& events_;
  std::size_t pid_;
  double now_s_ = 0.0;  ///< when the next input arrives
  Span cap_, contention_;
};

}  // namespace

void write_trace_events(const std::filesystem::path& inferences, const StreamFilter& filter,
                        const WriteText& write) {
  EventList events(write);
  std::map<StreamKey, Process> processes;
  std::set<std::string> others;
  for_each_inference(inferences, [&](const StreamKey& key, const JsonValue& line) {
    if (filter.scheme.value_or(key.scheme) != key.scheme ||
        filter.environment.value_or(key.environment) != key.environment ||
        filter.setting.value_or(key.setting) != key.setting) {
      others.insert(fmt::format("{} / {} / {}", key.scheme, key.environment, key.setting));
      return;
    }
    auto process = processes.find(key);
    if (process == processes.end()) {
      const std::string name = fmt::format("{} / {} / setting {} ({})", key.scheme, key.environment,
                                           key.setting, line.at("task").string());
      process = processes.try_emplace(key, events, processes.size() + 1, name).first;
    }
    process->second.add(line);
  });
  if (processes.empty())
    throw InputError(fmt::format(
        "{}: no such stream{}", inferences.string(),
        others.empty() ? ": the log is empty"
                       : fmt::format("; the first of {} (scheme / environment / setting): {}",
                                     others.size(), *others.begin())));
  for (auto& [key, process] : processes) process.end();
  events.end();
}

}  // namespace bench
