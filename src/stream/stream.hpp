// One scheme under one setting on one stream of inputs: the part that live runs and replay share.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schemes/scheme.hpp"
#include "stream/catch_up.hpp"
#include "stream/tally.hpp"
#include "trace/trace.hpp"

namespace bench {

/// Everything that one line of the log says of one input.
struct Step {
  std::size_t input = 0;
  GroupPosition group;
  bool contention = false;
  double deadline_s = 0.0;  ///< T_goal, or this input's share of what its group has left
  std::optional<alert::Estimate> estimate;
  alert::Decision decision;
  std::optional<double> overhead_s;     ///< nothing in replay, which does not measure it
  std::vector<double> stage_latency_s;  ///< of the stages that ran, cumulative
  Outcome outcome;
  bool energy_coarse = false;       ///< measured in a window that is too short for the meter
  std::optional<std::string> lost;  ///< why there is no decision and no outcome
};

class Stream {
 public:
  /// `scheme` goes by catch_up.profile(); `goal` must outlive the stream.
  Stream(CatchUp catch_up, const alert::Goal& goal, std::unique_ptr<Scheme> scheme)
      : catch_up_(std::move(catch_up)), goal_(goal), scheme_(std::move(scheme)) {}

  const alert::Goal& goal() const { return goal_; }
  const Tally& tally() const { return tally_; }

  /// Makes the scheme decide on the next input.
  Step decide(std::size_t input, const GroupPosition& group, bool contention,
              const Counterfactual* counterfactual = nullptr);
  /// What comes of the step's decision, given what really ran. A measured overhead counts against
  /// the deadline.
  void conclude(Step& step, const Execution& execution);
  /// The same, of what the decided candidate did when it was recorded.
  void conclude(Step& step, const Counterfactual& recorded);
  /// What is left of conclude() for a step whose outcome is known from a log.
  void learn(const Step& step);
  /// An input that was lost counts as such, and nothing is learned from it.
  Step lose(std::size_t input, const GroupPosition& group, bool contention, std::string reason);

 private:
  CatchUp catch_up_;
  const alert::Goal& goal_;
  std::unique_ptr<Scheme> scheme_;
  Tally tally_;
  double group_elapsed_s_ = 0.0;
};

}  // namespace bench
