#include <array>
#include <stdexcept>

#include "schemes/factories.hpp"

namespace bench {
namespace {

using Make = std::unique_ptr<Scheme> (*)(const SchemeSpec&, const alert::Profile&,
                                         const alert::Candidate&);
struct Entry {
  std::string_view name;
  Needs needs;
  Make make;
};

constexpr std::array registry{
    Entry{"alert", Needs::nothing, make_alert},
    Entry{"alert-any", Needs::nothing, make_alert_any},
    Entry{"alert-trad", Needs::nothing, make_alert_trad},
    Entry{"alert-mean", Needs::nothing, make_alert_mean},
    Entry{"app-only", Needs::nothing, make_app_only},
    Entry{"sys-only", Needs::nothing, make_sys_only},
    Entry{"no-coord", Needs::nothing, make_no_coord},
    Entry{"oracle-static", Needs::hindsight, make_oracle_static},
    Entry{"oracle", Needs::counterfactual, make_oracle},
    Entry{"oracle-clairvoyant", Needs::counterfactual, make_oracle_clairvoyant},
};

const Entry& entry(std::string_view scheme) {
  for (const Entry& e : registry)
    if (e.name == scheme) return e;
  throw std::invalid_argument("unknown scheme \"" + std::string(scheme) + "\"");
}

}  // namespace

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const Entry& e : registry) names.emplace_back(e.name);
  return names;
}

Needs needs(std::string_view scheme) { return entry(scheme).needs; }

std::unique_ptr<Scheme> make_scheme(const SchemeSpec& spec, const alert::Profile& profile,
                                    const alert::Candidate& hindsight) {
  return entry(spec.scheme).make(spec, profile, hindsight);
}

}  // namespace bench
