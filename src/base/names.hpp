// Enums that people name, in files and on the command line: one table per enum, beside it.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace bench {

/// Specialised for each such enum, with `table`: an array of pairs of a value and its name.
template <typename Enum>
struct Names;

template <typename Enum>
concept Named = requires {
  Names<Enum>::table;
};

template <Named Enum>
std::string to_string(Enum value) {
  for (const auto& [known, name] : Names<Enum>::table)
    if (known == value) return std::string(name);
  throw std::logic_error("an enum's value without a name");
}

template <Named Enum>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& [value, name] : Names<Enum>::table) names.emplace_back(name);
  return names;
}

/// The value of a name; `what` is what an error calls it.
template <Named Enum>
Enum read_name(const JsonValue& value, std::string_view what) {
  return Names<Enum>::table[value.one_of(names_of<Enum>(), what)].first;
}

/// The value of a name that is known to be one of names_of().
template <Named Enum>
Enum named(std::string_view name) {
  for (const auto& [value, known] : Names<Enum>::table)
    if (known == name) return value;
  throw std::invalid_argument("unknown name \"" + std::string(name) + "\"");
}

}  // namespace bench
