// What stands behind the registry: of each scheme, the reader of its settings; and what several
// schemes share. Only src/schemes includes this.
#pragma once

#include "alert/plus_rule.hpp"
#include "schemes/scheme.hpp"

namespace bench {

MakeScheme read_alert(const JsonValue& settings);
MakeScheme read_alert_any(const JsonValue& settings);
MakeScheme read_alert_trad(const JsonValue& settings);
MakeScheme read_alert_mean(const JsonValue& settings);
MakeScheme read_alert_plus(const JsonValue& settings);
MakeScheme read_app_only(const JsonValue& settings);
MakeScheme read_sys_only(const JsonValue& settings);
MakeScheme read_no_coord(const JsonValue& settings);
MakeScheme read_linucb(const JsonValue& settings);
MakeScheme read_caloree(const JsonValue& settings);
MakeScheme read_oracle_static(const JsonValue& settings);
MakeScheme read_oracle_regime(const JsonValue& settings);
MakeScheme read_oracle(const JsonValue& settings);
MakeScheme read_oracle_clairvoyant(const JsonValue& settings);

/// The settings of the filters (src/alert/README.md section 2): their keys, and their values in an
/// object.
std::vector<std::string_view> filter_keys();
alert::SchedulerSettings read_filters(const JsonValue& settings);

/// The settings of alert-plus's rule.
std::vector<std::string_view> plus_keys();
alert::PlusSettings read_plus(const JsonValue& settings);

/// What a suite may lack, in words for the user.
inline constexpr const char* needs_anytime = "this scheme needs a suite with an anytime DNN";
inline constexpr const char* needs_traditional = "this scheme needs a suite with a traditional DNN";

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
