// The makers behind the registry, one per scheme; only src/schemes includes this.
#pragma once

#include "schemes/scheme.hpp"

namespace bench {

std::unique_ptr<Scheme> make_alert(const SchemeSpec&, const alert::Profile&,
                                   const alert::Candidate&);
std::unique_ptr<Scheme> make_alert_any(const SchemeSpec&, const alert::Profile&,
                                       const alert::Candidate&);
std::unique_ptr<Scheme> make_alert_trad(const SchemeSpec&, const alert::Profile&,
                                        const alert::Candidate&);
std::unique_ptr<Scheme> make_alert_mean(const SchemeSpec&, const alert::Profile&,
                                        const alert::Candidate&);
std::unique_ptr<Scheme> make_app_only(const SchemeSpec&, const alert::Profile&,
                                      const alert::Candidate&);
std::unique_ptr<Scheme> make_sys_only(const SchemeSpec&, const alert::Profile&,
                                      const alert::Candidate&);
std::unique_ptr<Scheme> make_no_coord(const SchemeSpec&, const alert::Profile&,
                                      const alert::Candidate&);
std::unique_ptr<Scheme> make_oracle_static(const SchemeSpec&, const alert::Profile&,
                                           const alert::Candidate&);
std::unique_ptr<Scheme> make_oracle(const SchemeSpec&, const alert::Profile&,
                                    const alert::Candidate&);
std::unique_ptr<Scheme> make_oracle_clairvoyant(const SchemeSpec&, const alert::Profile&,
                                                const alert::Candidate&);

/// Indices of the profile's models of one kind, in order.
std::vector<std::size_t> models_of_kind(const alert::Profile& profile, alert::ModelKind kind);

/// The anytime DNN that app-only and no-coord run: the slowest one, which has most to adapt.
std::size_t largest_anytime(const alert::Profile& profile);

/// app-only's rule, which looks at no clock: minimize-energy stops at the first stage that is
/// accurate enough, maximize-accuracy runs to the deadline.
std::size_t app_stop_stage(const alert::ModelProfile& model, const alert::Goal& goal);

/// sys-only's controller: with filters of its own, the cap of least predicted energy at which one
/// fixed DNN, run whole, meets the deadline (and E_goal); the default cap where none does.
class CapController {
 public:
  CapController(const alert::Profile& profile, std::size_t model,
                const alert::SchedulerSettings& settings);

  /// The whole DNN at the chosen cap.
  alert::Decision decide(const Input& input) const;
  void observe(const alert::Feedback& feedback) { filters_.observe(feedback); }
  alert::Estimate estimate() const { return filters_.estimate(); }

 private:
  const alert::Profile& profile_;
  std::size_t model_;
  alert::Scheduler filters_;  // only for its filters; it decides nothing
};

}  // namespace bench
