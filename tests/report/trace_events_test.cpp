#include "report/trace_events.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "results/inference_log.hpp"
#include "support/catch.hpp"
#include "support/profiles.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const alert::Profile profile = test::hand_made_profile();
const alert::Goal goal{.task = alert::Task::minimize_energy, .deadline_s = 0.05, .accuracy = 0.75};

/// An input of 50 ms, of which a decision takes 1 ms and two stages of the anytime DNN 30 ms.
Step step_of(std::size_t input, std::size_t cap, bool contention) {
  Step step;
  step.input = input;
  step.contention = contention;
  step.deadline_s = 0.05;
  step.estimate = alert::Estimate{1.5, 0.25, 0.2};
  step.decision = {{test::any, 2, cap}, true, {}, 0.05};
  step.overhead_s = 0.001;
  step.stage_latency_s = {0.010, 0.030};
  step.outcome = {.stage = 2,
                  .latency_s = 0.030,
                  .busy_s = 0.030,
                  .busy_energy_j = 0.6,
                  .energy_j = 0.66,
                  .idle_power_w = 3.0,
                  .period_s = 0.05,
                  .credited_accuracy = 0.8,
                  .correct = 1.0,
                  .finished_stage = 2};
  return step;
}

/// Late: its one stage ends after the deadline.
Step late(std::size_t input, std::size_t cap) {
  Step step = step_of(input, cap, true);
  step.overhead_s.reset();
  step.stage_latency_s = {0.06};
  step.outcome.stage = 0;
  step.outcome.finished_stage = 1;
  step.outcome.latency_s = step.outcome.busy_s = step.outcome.period_s = 0.06;
  step.outcome.idle_power_w.reset();
  return step;
}

/// Two streams of four inputs; the second and third run beside co-located work.
class Log {
 public:
  Log() {
    InferenceLog log(file(), false);
    for (const char* scheme : {"alert", "oracle"}) {
      const StreamKey key{"memory", 3, scheme};
      log.write(key, goal, profile, step_of(0, 0, false));
      log.write(key, goal, profile, step_of(1, 0, true));
      log.write(key, goal, profile, late(2, 2));
      log.write(key, goal, profile, step_of(3, 0, false));
    }
    log.flush();
  }
  fs::path file() const { return folder_.path() / "inferences.jsonl"; }
  json events(const StreamFilter& filter = {}) const {
    std::string out;
    write_trace_events(file(), filter, [&](std::string_view text) { out += text; });
    const json document = json::parse(out);
    CHECK(document.at("displayTimeUnit") == "ms");
    return document.at("traceEvents");
  }

 private:
  test::TemporaryFolder folder_;
};

/// Name, begin and duration in ms of a track's slices.
struct Slice {
  std::string name;
  double begin_ms, duration_ms;
};

std::vector<Slice> track(const json& events, const std::string& name, int pid = 1) {
  int tid = 0;
  for (const auto& event : events)
    if (event["ph"] == "M" && event["pid"] == pid && event["name"] == "thread_name" &&
        event["args"]["name"] == name)
      tid = event["tid"];
  REQUIRE(tid > 0);
  std::vector<Slice> slices;
  for (const auto& event : events)
    if (event["ph"] == "X" && event["pid"] == pid && event["tid"] == tid)
      slices.push_back(
          {event["name"], event["ts"].get<double>() / 1e3, event["dur"].get<double>() / 1e3});
  return slices;
}

void check(const std::vector<Slice>& found, const std::vector<Slice>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].name == expected[i].name);
    CHECK(found[i].begin_ms == Approx(expected[i].begin_ms));
    CHECK(found[i].duration_ms == Approx(expected[i].duration_ms));
  }
}

}  // namespace

TEST_CASE("every event has what its phase demands, by the Trace Event Format") {
  const std::map<std::string, std::vector<std::string>> demanded = {
      {"M", {"name", "pid", "tid", "args"}},
      {"X", {"name", "pid", "tid", "ts", "dur", "args"}},
      {"i", {"name", "pid", "tid", "ts", "s"}},
      {"C", {"name", "pid", "ts", "args"}}};
  std::map<std::string, int> counts;
  for (const auto& event : Log().events()) {
    const std::string phase = event.at("ph");
    INFO(event.dump());
    REQUIRE(demanded.contains(phase));
    for (const auto& key : demanded.at(phase)) CHECK(event.contains(key));
    if (event.contains("ts")) CHECK(event["ts"].get<double>() >= 0.0);
    if (event.contains("dur")) CHECK(event["dur"].get<double>() >= 0.0);
    if (phase == "C")
      for (const auto& value : event["args"]) CHECK(value.is_number());
    ++counts[phase];
  }
  CHECK(counts["M"] == 2 * 6);  // the process and five tracks
  CHECK(counts["i"] == 2);
}

TEST_CASE("slices stand where the log's times put them") {
  const json events = Log().events();
  for (const int pid : {1, 2}) {
    check(track(events, "decisions", pid),
          {{"decide", 0, 1}, {"decide", 50, 1}, {"decide", 100, 0}, {"decide", 160, 1}});
    check(track(events, "inferences", pid),
          {{"any", 1, 30}, {"any", 51, 30}, {"any", 100, 60}, {"any", 161, 30}});
    check(track(events, "stages", pid), {{"stage 1", 1, 10},
                                         {"stage 2", 11, 20},
                                         {"stage 1", 51, 10},
                                         {"stage 2", 61, 20},
                                         {"stage 1", 100, 60},
                                         {"stage 1", 161, 10},
                                         {"stage 2", 171, 20}});
    check(track(events, "caps", pid), {{"10 W", 0, 100}, {"30 W", 100, 60}, {"10 W", 160, 50}});
    check(track(events, "contention", pid), {{"co-located work", 50, 110}});
  }
}

TEST_CASE("counters show what was believed and drawn") {
  std::vector<std::pair<double, double>> power;  // ms, W
  for (const auto& event : Log().events({.scheme = "alert"})) {
    if (event["ph"] != "C") continue;
    if (event["name"] == "xi") {
      CHECK(event["args"]["mean"] == 1.5);
      CHECK(event["args"]["sigma"] == 0.5);
    } else {
      CHECK(event["name"] == "power [W]");
      power.emplace_back(event["ts"].get<double>() / 1e3, event["args"]["power"]);
    }
  }
  const std::vector<std::pair<double, double>> expected = {{1, 20},   {31, 3},   {51, 20}, {81, 3},
                                                           {100, 10}, {161, 20}, {191, 3}};
  REQUIRE(power.size() == expected.size());
  for (std::size_t i = 0; i < power.size(); ++i) {
    CHECK(power[i].first == Approx(expected[i].first));
    CHECK(power[i].second == Approx(expected[i].second));
  }
}

TEST_CASE("a lost input is an event without duration") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  Step lost;
  lost.lost = "no such file";
  Step next = step_of(1, 0, false);
  {
    InferenceLog log(file, false);
    log.write({"memory", 3, "alert"}, goal, profile, lost);
    log.write({"memory", 3, "alert"}, goal, profile, next);
    log.flush();
  }
  std::string out;
  write_trace_events(file, {}, [&](std::string_view text) { out += text; });
  const json events = json::parse(out).at("traceEvents");
  const auto event =
      std::ranges::find_if(events, [](const json& event) { return event["ph"] == "i"; });
  REQUIRE(event != events.end());
  CHECK(event->at("name") == "lost: no such file");
  check(track(events, "decisions"), {{"decide", 0, 1}});
}

TEST_CASE("a stage says whether it was delivered") {
  std::vector<bool> delivered;
  for (const auto& event : Log().events({.scheme = "alert"}))
    if (event["ph"] == "X" && event["args"].contains("delivered"))
      delivered.push_back(event["args"]["delivered"]);
  CHECK(delivered == std::vector<bool>{false, true, false, true, false, false, true});
}

TEST_CASE("streams can be chosen, and one that is not there is told") {
  const Log log;
  const auto names = [](const json& events) {
    std::vector<std::string> names;
    for (const auto& event : events)
      if (event["name"] == "process_name") names.push_back(event["args"]["name"]);
    return names;
  };
  CHECK(names(log.events()) ==
        std::vector<std::string>{"alert / memory / setting 3 (minimize-energy)",
                                 "oracle / memory / setting 3 (minimize-energy)"});
  CHECK(names(log.events({"oracle", "memory", 3})) ==
        std::vector<std::string>{"oracle / memory / setting 3 (minimize-energy)"});

  std::string out;
  const auto write = [&](std::string_view text) { out += text; };
  CHECK_THROWS_WITH(write_trace_events(log.file(), {.setting = 4}, write),
                    log.file().string() +
                        ": no such stream; the first of 2 (scheme / environment "
                        "/ setting): alert / memory / 3");
  CHECK(out.empty());
  CHECK_THROWS_WITH(write_trace_events(log.file() / "none", {}, write),
                    Catch::Matchers::Contains("a replay writes it with --set log_inferences=true"));
}

TEST_CASE("slices of one track follow each other without overlap") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "inferences.jsonl";
  {
    // Parts that are rounded up, of a period that is rounded down, and at times that no double has.
    InferenceLog log(file, false);
    for (std::size_t input = 0; input < 1000; ++input) {
      Step step = step_of(input, 0, false);
      step.overhead_s = 0.0010000006;
      step.stage_latency_s = {0.0100000006, 0.0490000006};
      step.outcome.busy_s = 0.0490000006;
      step.outcome.period_s = 0.0500000012;
      log.write({"memory", 0, "alert"}, goal, profile, step);
    }
    log.flush();
  }
  std::string text;
  write_trace_events(file, {}, [&](std::string_view part) { text += part; });
  const json events = json::parse(text).at("traceEvents");
  for (const std::string name : {"inferences", "stages", "decisions"}) {
    const auto slices = track(events, name);
    REQUIRE(slices.size() >= 1000);
    for (std::size_t i = 0; i + 1 < slices.size(); ++i)
      CHECK(slices[i].begin_ms + slices[i].duration_ms <= slices[i + 1].begin_ms + 1e-9);
  }
}
