// Statistics that are counted one value at a time.
#pragma once

#include <cmath>
#include <cstddef>

namespace bench {

/// Mean and standard deviation of a sample (Welford).
class Moments {
 public:
  void add(double value) {
    ++count_;
    const double delta = value - mean_;
    mean_ += delta / static_cast<double>(count_);
    sum_of_squares_ += delta * (value - mean_);
  }
  std::size_t count() const { return count_; }
  double mean() const { return mean_; }
  double standard_deviation() const {
    return count_ > 1 ? std::sqrt(sum_of_squares_ / static_cast<double>(count_ - 1)) : 0.0;
  }

 private:
  std::size_t count_ = 0;
  double mean_ = 0.0;
  double sum_of_squares_ = 0.0;
};

}  // namespace bench
