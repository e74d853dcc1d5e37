#include "machine/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/console.hpp"
#include "base/interrupt.hpp"

namespace bench {

using Json = nlohmann::ordered_json;

void Conditions::resume(const Json& fields) {
  if (fields.contains("machine_load")) phases_ = fields["machine_load"]["phases"];
  if (fields.contains("contention")) contention_ = fields["contention"];
  if (fields.contains("warm_up_warnings")) warm_up_warnings_ = fields["warm_up_warnings"];
}

void Conditions::watch(Rig& rig, const std::string& phase, const std::function<void()>& body) {
  const LoadWatch watch(phase, [&rig] { return rig.corunner_cpu_s(); });
  const auto end = [&] {
    const MachineLoad load = watch.end();
    phases_.push_back(to_json(load));
    if (const std::string found = disturbance(load); !found.empty())
      warn(fmt::format("{}: the machine was not quiet: {}", phase, found));
    tell_(fields());
  };
  try {
    body();
  } catch (const Interrupted&) {
    end();
    throw;
  }
  end();
}

void Conditions::add(const std::string& environment, const CoRunnerUse& use) {
  constexpr double least_share = 0.01;  // of a core
  const bool idle = use.running_cpu_s < least_share * use.running_s;
  contention_.push_back({{"environment", environment},
                         {"running_s", rounded(use.running_s)},
                         {"running_cpu_s", rounded(use.running_cpu_s)},
                         {"stopped_s", rounded(use.stopped_s)},
                         {"stopped_cpu_s", rounded(use.stopped_cpu_s)}});
  if (idle)
    warn(fmt::format(
        "{}: the co-runners used only {:.3g} s of CPU time in the {:.3g} s of their windows",
        environment, use.running_cpu_s, use.running_s));
  tell_(fields());
}

void Conditions::add_warm_up(std::vector<std::string> warnings) {
  for (const std::string& warning : warnings) warn(warning);
  warm_up_warnings_ = std::move(warnings);
  tell_(fields());
}

Json Conditions::fields() const {
  std::string found;
  for (const Json& phase : phases_)
    if (!phase["disturbance"].is_null())
      found += fmt::format("{}{}: {}", found.empty() ? "" : "; ", phase["phase"].get<std::string>(),
                           phase["disturbance"].get<std::string>());
  return {{"machine_load",
           {{"disturbance", found.empty() ? Json(nullptr) : Json(found)}, {"phases", phases_}}},
          {"contention", contention_},
          {"warm_up_warnings", warm_up_warnings_}};
}

std::vector<std::string> warm_up_warnings(const ProfileFile& profile,
                                          const std::vector<WarmUp>& warm_ups) {
  constexpr double most_slower = 2.0, most_spread = 1.0;  // of the mean; sentences spread by 0.8
  std::vector<std::string> warnings;
  for (const auto& model : profile.profile.models) {
    const double mean_s = model.latency_s.back().back();
    const auto warm_up = std::ranges::find(warm_ups, model.name, &WarmUp::model);
    if (warm_up != warm_ups.end() && warm_up->last_s > most_slower * mean_s)
      warnings.push_back(fmt::format(
          "model \"{}\" may not have been warm: its last warm-up call took {:.3g} ms, the mean of "
          "its profile is {:.3g} ms; raise \"warmup\"",
          model.name, 1e3 * warm_up->last_s, 1e3 * mean_s));
    double spread = 0.0;
    for (std::size_t cap = 0; cap < model.latency_std_s.size(); ++cap)
      spread = std::max(spread, model.latency_std_s[cap].back() / model.latency_s[cap].back());
    if (spread > most_spread)
      warnings.push_back(fmt::format(
          "model \"{}\": its latencies in the profile spread by {:.0f} % of their mean: it was not "
          "warm (raise \"warmup\"), or the machine was busy",
          model.name, 100.0 * spread));
  }
  return warnings;
}

}  // namespace bench
