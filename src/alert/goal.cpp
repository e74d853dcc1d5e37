#include "alert/goal.hpp"

#include <algorithm>
#include <numeric>

namespace alert {

double shared_deadline_s(double group_deadline_s, double elapsed_s, std::size_t inputs_left) {
  return std::max(0.0, group_deadline_s - elapsed_s) / static_cast<double>(inputs_left);
}

double AccuracyWindow::next_goal(double accuracy_goal) const {
  if (seen_ < recent_.size()) return accuracy_goal;
  const double inputs = static_cast<double>(recent_.size() + 1);
  const double credited = std::accumulate(recent_.begin(), recent_.end(), 0.0);
  return std::clamp(inputs * accuracy_goal - credited, 0.0, 1.0);
}

void AccuracyWindow::credit(double credited_accuracy) {
  if (recent_.empty()) return;
  recent_[seen_ % recent_.size()] = credited_accuracy;
  ++seen_;
}

}  // namespace alert
