#include "report/trace_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
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

// Times are whole nanoseconds, as the log has them: sums of them do not drift, and one slice ends
// exactly where the next begins.
using Nanoseconds = std::int64_t;

Nanoseconds nanoseconds(double seconds) { return std::llround(seconds * 1e9); }
double microseconds(Nanoseconds time) { return static_cast<double>(time) / 1e3; }

/// The longest that a stream may be shown to take, some 30 years.
constexpr double longest_s = 1e9;

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
      return add_event("i", inferences, "lost: " + lost->string(), now_, {{"s", "t"}});
    const JsonValue goal = line.at("goal"), decision = line.at("decision"),
                    outcome = line.at("outcome");
    const double busy_s = outcome.at("busy_s").positive(),
                 period_s = outcome.at("period_s").positive();
    if (microseconds(now_) / 1e6 + period_s > longest_s || busy_s > longest_s)
      outcome.at("period_s").fail("the stream takes longer than can be shown");
    const auto overhead = decision.find("overhead_s");  // nothing in a replay
    // The parts of a period are rounded one by one, and may be longer than it by a nanosecond.
    const Nanoseconds next = now_ + nanoseconds(period_s);
    const Nanoseconds begin =
        std::min(next, now_ + nanoseconds(overhead ? overhead->number(0.0, longest_s) : 0.0));
    const Nanoseconds end = std::min(next, begin + nanoseconds(busy_s));

    slice(decisions, "decide", now_, begin, {{"decision", decision.raw()}, {"goal", goal.raw()}});
    slice(inferences, decision.at("model").string(), begin, end,
          {{"input", line.at("input").raw()},
           {"group", line.at("group").raw()},
           {"outcome", outcome.raw()}});
    if (!outcome.at("deadline_met").boolean())
      add_event("i", inferences, "nothing in time", end, {{"s", "t"}});

    const std::size_t delivered = outcome.at("stage").count();
    Nanoseconds stage_begin = begin;
    for (std::size_t stage = 1;
         const double end_s : outcome.at("stage_latency_s").numbers(0.0, longest_s)) {
      const Nanoseconds stage_end =
          std::min(end, std::max(stage_begin, begin + nanoseconds(end_s)));
      slice(stages, fmt::format("stage {}", stage), stage_begin, stage_end,
            {{"delivered", stage == delivered}});
      stage_begin = stage_end;
      ++stage;
    }

    if (const auto estimate = line.find("estimator"))
      counter("xi", now_,
              {{"mean", estimate->at("xi_mean").number()},
               {"sigma", std::sqrt(estimate->at("xi_variance").number(0.0))}});
    if (const auto busy_energy_j = outcome.find("busy_energy_j"))
      counter("power [W]", begin, {{"power", busy_energy_j->number(0.0) / busy_s}});
    if (const auto idle_power_w = outcome.find("idle_power_w"))
      counter("power [W]", end, {{"power", idle_power_w->number(0.0)}});

    cap_.change(*this, caps, fmt::format("{:g} W", decision.at("cap_w").number()));
    contention_.change(*this, contention,
                       outcome.at("contention").boolean() ? "co-located work" : "");
    now_ = next;
  }

  void end() {
    cap_.change(*this, caps, "");
    contention_.change(*this, contention, "");
  }

 private:
  /// A slice over as many inputs as something stays the same.
  struct Span {
    std::string name;  ///< empty: nothing to show
    Nanoseconds begin = 0;

    void change(Process& process, Track track, const std::string& next) {
      if (next == name) return;
      if (!name.empty()) process.slice(track, name, begin, process.now_, Json::object());
      *this = {next, process.now_};
    }
  };

  void add_event(const char* phase, Track track, const std::string& name, Nanoseconds time,
                 const Json& more) {
    Json event = {{"ph", phase},
                  {"pid", pid_},
                  {"tid", static_cast<int>(track)},
                  {"ts", microseconds(time)},
                  {"name", name}};
    event.update(more);
    events_.add(event);
  }
  void slice(Track track, const std::string& name, Nanoseconds begin, Nanoseconds end,
             const Json& args) {
    add_event("X", track, name, begin, {{"dur", microseconds(end - begin)}, {"args", args}});
  }
  void counter(const char* name, Nanoseconds time, const Json& values) {
    events_.add(
        {{"ph", "C"}, {"pid", pid_}, {"ts", microseconds(time)}, {"name", name}, {"args", values}});
  }
  void name_event(const char* kind, int track, const std::string& name) {
    events_.add(
        {{"ph", "M"}, {"pid", pid_}, {"tid", track}, {"name", kind}, {"args", {{"name", name}}}});
  }

  EventList& events_;
  std::size_t pid_;
  Nanoseconds now_ = 0;  ///< when the next input arrives
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
