// Under what conditions each phase of a run was measured, as manifest.json and summary.json tell
// it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "machine/rig.hpp"
#include "platform/load.hpp"
#include "results/profile_file.hpp"

namespace bench {

class Conditions {
 public:
  using Json = nlohmann::ordered_json;
  /// `tell` is given all fields whenever a phase has ended.
  explicit Conditions(std::function<void(const Json&)> tell) : tell_(std::move(tell)) {}

  /// Goes on from the fields that an earlier run has told.
  void resume(const Json& fields);
  /// Runs `body`, a phase of the run ("profile", "record memory"), and watches the machine
  /// meanwhile.
  void watch(Rig& rig, const std::string& phase, const std::function<void()>& body);
  /// What the co-runners of an environment did; says so on stderr where they did nothing.
  void add(const std::string& environment, const CoRunnerUse& use);
  void add_warm_up(std::vector<std::string> warnings);

  /// "machine_load", "contention" and "warm_up_warnings".
  Json fields() const;

 private:
  std::function<void(const Json&)> tell_;
  Json phases_ = Json::array(), contention_ = Json::array(), warm_up_warnings_ = Json::array();
};

/// For people: the models that seem not to have been warm when their profile was measured.
std::vector<std::string> warm_up_warnings(const ProfileFile& profile,
                                          const std::vector<WarmUp>& warm_ups);

}  // namespace bench
