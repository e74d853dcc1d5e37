#include "schemes/factories.hpp"

namespace bench {
namespace {

/// app-only's rule and sys-only's controller on one anytime DNN, neither knowing of the other.
class NoCoord final : public Scheme {
 public:
  NoCoord(const alert::Profile& profile, const alert::SchedulerSettings& settings)
      : profile_(profile), controller_(profile, largest_anytime(profile), settings) {}

  alert::Decision decide(const Input& input) override {
    alert::Decision decision = controller_.decide(input);
    decision.candidate.stage =
        app_stop_stage(profile_.models[decision.candidate.model], input.goal);
    return decision;
  }
  void observe(const alert::Feedback& feedback) override { controller_.observe(feedback); }
  std::optional<alert::Estimate> estimate() const override { return controller_.estimate(); }

 private:
  const alert::Profile& profile_;
  CapController controller_;
};

}  // namespace

MakeScheme read_no_coord(const JsonValue& settings) {
  return [filters = read_filters(settings)](const alert::Profile& profile, const Hindsight&) {
    return std::make_unique<NoCoord>(profile, filters);
  };
}

}  // namespace bench
