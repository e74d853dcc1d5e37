#include "alert/estimator.hpp"

#include <algorithm>

namespace alert {

SlowdownFilter::SlowdownFilter(const SlowdownSettings& settings)
    : Q_0_(settings.Q_0),
      R_(settings.R),
      alpha_(settings.alpha),
      Q_(settings.Q_0),
      K_(settings.K_0),
      mu_(settings.mu_0),
      sigma2_(settings.sigma2_0) {}

void SlowdownFilter::update(double ratio) {
  const double correction = K_ * y_;
  Q_ = std::max(Q_0_, alpha_ * Q_ + (1.0 - alpha_) * correction * correction);
  const double S = (1.0 - K_) * sigma2_ + Q_;
  K_ = S / (S + R_);
  y_ = ratio - mu_;
  mu_ += K_ * y_;
  sigma2_ = S;
}

void IdlePowerFilter::update(double ratio) {
  const double predicted = M_ + S_;
  const double W = predicted / (predicted + V_);
  M_ = (1.0 - W) * predicted;
  phi_ += W * (ratio - phi_);
}

}  // namespace alert
