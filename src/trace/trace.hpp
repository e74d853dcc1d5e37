// Traces: what every (model, cap) did on every input of an environment (results/README.md).
// A file is JSON Lines, plain (.jsonl) or gzip-compressed (.jsonl.gz).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/profile.hpp"
#include "platform/energy_source.hpp"
#include "schemes/scheme.hpp"

namespace bench {

struct TraceModel {
  std::string name;
  alert::ModelKind kind = alert::ModelKind::traditional;
  std::vector<double> accuracy;  ///< q(i,k), [stage]
};

struct TraceHeader {
  std::string suite;
  std::string environment;
  EnergySource energy_source = EnergySource::emulated;
  std::vector<TraceModel> models;
  std::vector<double> power_caps_w;
  double q_fail = 0.0;
};

/// Place of an input among those that share its deadline; size 1 where it has its own.
struct GroupPosition {
  std::size_t group = 0;
  std::size_t position = 0;  ///< from 0
  std::size_t size = 1;

  bool operator==(const GroupPosition&) const = default;
};

/// One real run of one (model, cap) on one input.
struct TraceRun {
  std::vector<double> stage_latency_s;  ///< cumulative
  std::vector<double> stage_correct;    ///< share of the input's items answered rightly, [stage]
  std::optional<double> busy_energy_j;
  std::optional<double> idle_power_w;
  std::size_t energy_inferences = 1;  ///< that busy_energy_j is the mean of
  std::string energy_reason = {};     ///< why one of the two is missing

  Execution execution() const {
    return {stage_latency_s, stage_correct, busy_energy_j, idle_power_w, energy_reason};
  }
};

/// All runs on one input: what an oracle may look at.
class TraceInput final : public Counterfactual {
 public:
  TraceInput() = default;
  TraceInput(std::size_t models, std::size_t caps) { resize(models, caps); }

  void resize(std::size_t models, std::size_t caps) {
    caps_ = caps;
    runs_.resize(models * caps);
  }

  std::size_t input = 0;
  GroupPosition group;
  bool contention = false;
  std::string lost;  ///< why there are no runs on this input; empty where there are

  TraceRun& run(std::size_t model, std::size_t cap) { return runs_[model * caps_ + cap]; }
  const TraceRun& run(std::size_t model, std::size_t cap) const {
    return runs_[model * caps_ + cap];
  }
  Execution execution(std::size_t model, std::size_t cap) const override {
    return run(model, cap).execution();
  }
  bool in_contention() const override { return contention; }

 private:
  std::size_t caps_ = 0;
  std::vector<TraceRun> runs_;
};

// What the header and the lines have in common with other formats.
/// "models": at least one, names unique.
std::vector<TraceModel> parse_models(const JsonValue& list);
/// A cumulative quantity per stage: above 0, ascending, at most `max`.
std::vector<double> parse_cumulative(const JsonValue& list, std::size_t stages, double max);
/// An environment's name, which names a file.
std::string parse_environment_name(const JsonValue& value);

/// Above these, a number is no measurement of an inference.
inline constexpr double max_latency_s = 1e5, max_energy_j = 1e9, max_power_w = 1e5;

/// Reads a trace input by input: memory does not grow with its length.
class TraceReader {
 public:
  /// Throws InputError where the file is missing or its header is malformed.
  explicit TraceReader(const std::filesystem::path& file);
  ~TraceReader();
  TraceReader(TraceReader&&) noexcept;

  const TraceHeader& header() const;
  /// The next input, into `input`'s storage; false at the end. Throws InputError, naming the line,
  /// for a malformed one, where an input lacks a configuration or has one twice, and where an input
  /// or the rest of a group is missing.
  bool next(TraceInput& input);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes whole inputs, flushed one by one: a killed run loses at most the input in flight. Throws
/// std::runtime_error with the reason where a write fails.
class TraceWriter {
 public:
  /// A new file with this header; or, with `resume`, the end of an existing one, without its
  /// incomplete last input. Throws InputError where that file's header is not equal, and says what
  /// differs.
  TraceWriter(const std::filesystem::path& file, const TraceHeader& header, bool resume = false);
  ~TraceWriter();
  TraceWriter(TraceWriter&&) noexcept;

  /// Inputs already in a resumed file.
  std::size_t inputs_written() const;
  void write(const TraceInput& input);
  /// Ends the file. The destructor does so too, but cannot tell where that fails.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bench
