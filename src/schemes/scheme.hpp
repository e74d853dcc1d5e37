// Every scheme behind one interface, made by name from one registry
// (src/alert/README.md section 5).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/scheduler.hpp"
#include "base/json.hpp"
#include "schemes/outcome.hpp"

namespace bench {

/// What every (model, cap) really does on the input at hand; only oracles may look.
class Counterfactual {
 public:
  virtual ~Counterfactual() = default;
  virtual Execution execution(std::size_t model, std::size_t cap) const = 0;
  /// Whether co-runners run meanwhile.
  virtual bool in_contention() const = 0;
};

/// One input as a scheme sees it.
struct Input {
  const alert::Goal& goal;
  double deadline_s;                               ///< T_goal, or its share of the group's
  const Counterfactual* counterfactual = nullptr;  ///< set in replay only
};

class Scheme {
 public:
  virtual ~Scheme() = default;
  virtual alert::Decision decide(const Input& input) = 0;
  virtual void observe(const alert::Feedback& feedback) = 0;
  /// The belief that the next decision is made from; nothing for a scheme that has none.
  virtual std::optional<alert::Estimate> estimate() const { return std::nullopt; }
  /// The accuracy to judge an answer by: what was credited, unless the scheme knows better.
  virtual double judged_accuracy(const Outcome& outcome) const { return outcome.credited_accuracy; }
};

class Regimes;

/// What a pass over the whole trace tells beforehand; each part only where a scheme needs it.
struct Hindsight {
  alert::Candidate best;             ///< over the stream: what `oracle-static` plays
  const Regimes* regimes = nullptr;  ///< what `oracle-regime` knows
};

/// Makes a scheme for one stream of inputs. `profile` and what `hindsight` points to must outlive
/// it.
/// Throws std::invalid_argument where the profile lacks what the scheme needs (an anytime DNN
/// for app-only, a traditional one for sys-only, ...), in words for the user.
using MakeScheme = std::function<std::unique_ptr<Scheme>(const alert::Profile& profile,
                                                         const Hindsight& hindsight)>;

/// What a scheme needs beyond the input at hand.
enum class Needs { nothing, counterfactual, best, regimes };

/// A scheme as the config names it.
struct SchemeSpec {
  std::string scheme;  ///< a name of scheme_names()
  std::string name;    ///< what the results call it; `scheme` unless the config says otherwise
  Needs needs = Needs::nothing;
  MakeScheme make;  ///< with the settings that the config gives it
};

std::vector<std::string> scheme_names();

/// A scheme by its name, or an object that names it with its settings. Throws InputError for a
/// setting that this scheme does not have.
SchemeSpec read_scheme(const JsonValue& value);
/// A scheme by its name, with its default settings.
SchemeSpec default_scheme(const std::string& scheme);

}  // namespace bench
