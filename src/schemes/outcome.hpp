// What comes of a candidate on one input: one rule for live runs, replay and the oracles
// (src/alert/README.md sections 1 and 5).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "alert/profile.hpp"
#include "alert/scheduler.hpp"

namespace bench {

/// What (model, cap) really did on one input: every stage in a trace, in a live run those that ran.
struct Execution {
  std::span<const double> stage_latency_s;  ///< cumulative, ascending, at least one
  std::span<const double> stage_correct;    ///< share of the input's items answered rightly
  std::optional<double> busy_energy_j;      ///< over all of stage_latency_s
  std::optional<double> idle_power_w;
  std::string_view energy_reason = {};  ///< why one of the two is missing
};

struct Outcome {
  std::size_t stage = 0;   ///< delivered; 0 = nothing in time
  double latency_s = 0.0;  ///< end of the stage delivered, or of the first where none was
  double busy_s = 0.0;     ///< end of the last stage that ran
  double overrun_s = 0.0;  ///< busy time after the deadline
  std::optional<double> busy_energy_j;  ///< nothing where the meter failed
  std::optional<double> energy_j;       ///< busy, and idle until the period ends
  std::optional<double> idle_power_w;   ///< nothing, too, where the input left no idle time
  std::string energy_reason = {};       ///< why energy_j is missing
  double period_s = 0.0;                ///< until the next input arrives: the deadline, or busy_s
  double credited_accuracy = 0.0;       ///< q(i,k) of the stage delivered, else q_fail
  double correct = 0.0;                 ///< measured accuracy of the stage delivered, else 0
  std::size_t finished_stage = 0;       ///< last stage that ran

  bool deadline_met() const { return stage > 0; }
};

/// Stages run until `stop_stage`; none starts after the deadline, and the one in flight runs to
/// its end. Energy of a part of the execution is its share of the busy time.
Outcome outcome_of(const Execution& execution, const alert::ModelProfile& model, double q_fail,
                   std::size_t stop_stage, double deadline_s);

/// What a scheme is told of an outcome.
alert::Feedback feedback_of(const Outcome& outcome, const alert::Candidate& candidate,
                            double overhead_s);

}  // namespace bench
