// What the user asks of each input, and how it is adjusted before each choice
// (src/alert/README.md section 4).
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace alert {

enum class Task { minimize_energy, maximize_accuracy };
enum class OnInfeasible { accuracy, energy };

struct Goal {
  Task task = Task::minimize_energy;
  double deadline_s = 0.0;                                    ///< T_goal
  double accuracy = 0.0;                                      ///< Q_goal, minimize-energy only
  double energy_j = std::numeric_limits<double>::infinity();  ///< E_goal, maximize-accuracy only
  std::optional<double> deadline_confidence = std::nullopt;   ///< c in [0, 1]
  OnInfeasible on_infeasible = OnInfeasible::accuracy;
};

/// Deadline of the next input of a group whose inputs share `group_deadline_s` (D), `elapsed_s`
/// (u) of it gone, `inputs_left` (m >= 1) left with this one: T = (D - u) / m, at least 0.
double shared_deadline_s(double group_deadline_s, double elapsed_s, std::size_t inputs_left);

/// `accuracy_window` N: the goal that keeps the mean over the last N inputs at Q_goal.
class AccuracyWindow {
 public:
  explicit AccuracyWindow(std::size_t inputs) : recent_(inputs > 1 ? inputs - 1 : 0) {}

  /// N * Q_goal - sum of the last N-1 credited accuracies, in [0, 1]; Q_goal itself until N-1
  /// inputs have been seen.
  double next_goal(double accuracy_goal) const;
  void credit(double credited_accuracy);

 private:
  std::vector<double> recent_;  // ring buffer of the last N-1 credited accuracies
  std::size_t seen_ = 0;
};

}  // namespace alert
