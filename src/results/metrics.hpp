// What is told of a stream, in one list: summary.json, the tables and the gates follow it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "stream/tally.hpp"

namespace bench {

enum class Unit {
  inputs,    ///< a number of them
  settings,  ///< of one setting: true or false
  joules,
  seconds,
  share,        ///< in [0, 1]; people are shown %
  right_share,  ///< the same of what went right; people are shown the % that went wrong
};

/// Whether a metric can be worse in one result than in another, and how that is told.
enum class WorseWhen { never, greater, greater_by_share };

/// Nothing where it could not be measured.
using Value = std::optional<double>;

struct Metric {
  std::string_view key;  ///< in summary.json
  Unit unit;
  std::string_view name;  ///< heads its column, and gates it where it can be worse; empty: neither
  Value (*value)(const Tally& tally, const alert::Goal& goal);
  WorseWhen worse_when = WorseWhen::never;
  int decimals = 0;  ///< in its column
};

inline constexpr std::array metrics{
    Metric{"inputs", Unit::inputs, "",
           [](const Tally& t, const alert::Goal&) -> Value {
             return static_cast<double>(t.verdict().inputs());
           }},
    Metric{
        "lost", Unit::inputs, "lost",
        [](const Tally& t, const alert::Goal&) -> Value { return static_cast<double>(t.lost()); },
        WorseWhen::greater},
    Metric{"energy_missing", Unit::inputs, "unmetered",
           [](const Tally& t, const alert::Goal&) -> Value {
             return static_cast<double>(t.verdict().energy_missing());
           },
           WorseWhen::greater},
    Metric{"violated", Unit::settings, "violations",
           [](const Tally& t, const alert::Goal& goal) -> Value {
             return t.verdict().violated(goal) ? 1.0 : 0.0;
           },
           WorseWhen::greater},
    Metric{"mean_energy_j", Unit::joules, "energy",
           [](const Tally& t, const alert::Goal&) -> Value { return t.verdict().mean_energy_j(); },
           WorseWhen::greater_by_share, 4},
    Metric{"mean_energy_ci95_j", Unit::joules, "",
           [](const Tally& t, const alert::Goal&) -> Value { return t.energy_ci95_j(); }},
    Metric{"mean_accuracy", Unit::share, "",
           [](const Tally& t, const alert::Goal&) -> Value { return t.verdict().mean_accuracy(); }},
    Metric{"mean_error", Unit::share, "error",
           [](const Tally& t, const alert::Goal&) -> Value {
             return 1.0 - t.verdict().mean_accuracy();
           },
           WorseWhen::greater_by_share, 2},
    Metric{"mean_correct", Unit::right_share, "measured error",
           [](const Tally& t, const alert::Goal&) -> Value { return t.mean_correct(); },
           WorseWhen::never, 2},
    Metric{"deadline_miss_rate", Unit::share, "late",
           [](const Tally& t, const alert::Goal&) -> Value { return t.verdict().miss_rate(); },
           WorseWhen::greater, 1},
    Metric{
        "below_accuracy_goal_rate", Unit::share, "",
        [](const Tally& t, const alert::Goal&) -> Value { return t.verdict().below_goal_rate(); }},
    Metric{"mean_latency_s", Unit::seconds, "",
           [](const Tally& t, const alert::Goal&) -> Value { return t.mean_latency_s(); }},
    Metric{
        "p50_latency_s", Unit::seconds, "",
        [](const Tally& t, const alert::Goal&) -> Value { return t.latency_percentile_s(0.50); }},
    Metric{
        "p95_latency_s", Unit::seconds, "",
        [](const Tally& t, const alert::Goal&) -> Value { return t.latency_percentile_s(0.95); }},
    Metric{
        "p99_latency_s", Unit::seconds, "",
        [](const Tally& t, const alert::Goal&) -> Value { return t.latency_percentile_s(0.99); }},
    Metric{"mean_overrun_s", Unit::seconds, "",
           [](const Tally& t, const alert::Goal&) -> Value { return t.mean_overrun_s(); }},
};

/// Whether it counts something, so that settings are added up; else their mean is taken.
constexpr bool is_count(const Metric& metric) {
  return metric.unit == Unit::inputs || metric.unit == Unit::settings;
}

/// Whether summary.json has it only where it is above 0.
constexpr bool is_written_where_any(const Metric& metric) { return metric.key == "energy_missing"; }

}  // namespace bench
