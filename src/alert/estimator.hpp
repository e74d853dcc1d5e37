// The filters of the slowdown factor xi and of the idle-power ratio phi
// (src/alert/README.md section 2).
#pragma once

namespace alert {

/// Settings of the slowdown filter, with the paper's defaults.
struct SlowdownSettings {
  double K_0 = 0.5;       ///< initial gain
  double R = 0.001;       ///< measurement noise
  double Q_0 = 0.1;       ///< floor of the process noise
  double mu_0 = 1.0;      ///< initial mean of xi
  double sigma2_0 = 0.1;  ///< initial variance of xi
  double alpha = 0.3;     ///< memory of the process noise, in [0, 1]
};

/// Adaptive Kalman filter over xi: any configuration's latency is xi * t_prof.
class SlowdownFilter {
 public:
  explicit SlowdownFilter(const SlowdownSettings& settings = {});

  /// `ratio` is r = t_measured / t_prof of the last finished stage, > 0.
  void update(double ratio);

  double mean() const { return mu_; }
  double variance() const { return sigma2_; }

 private:
  double Q_0_, R_, alpha_;
  double Q_, K_, mu_, sigma2_;
  double y_ = 0.0;
};

/// Settings of the idle-power filter, with the paper's defaults.
struct IdlePowerSettings {
  double M_0 = 0.01;
  double S = 0.0001;
  double V = 0.001;
};

/// Filter over phi = idle power / busy power of the configuration just run.
class IdlePowerFilter {
 public:
  explicit IdlePowerFilter(double phi_0, const IdlePowerSettings& settings = {})
      : S_(settings.S), V_(settings.V), M_(settings.M_0), phi_(phi_0) {}

  /// `ratio` is measured idle power / p(i,j). Not to be called for an input without idle time.
  void update(double ratio);

  double ratio() const { return phi_; }

 private:
  double S_, V_, M_, phi_;
};

}  // namespace alert
