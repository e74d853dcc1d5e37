#include "base/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace bench {
namespace {

std::string quoted(const std::vector<std::string>& names) {
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

/// Edits (insert, delete, replace) that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

constexpr std::size_t max_depth = 64, max_values = 2'000'000;

/// Builds a document from what nlohmann's parser, which does not recurse, finds: so deep or so many
/// values that those who read them would run out of stack or memory, and keys that stand twice,
/// are refused on the way.
class DocumentBuilder {
 public:
  using Json = nlohmann::json;
  explicit DocumentBuilder(const std::string& source) : source_(source) {}

  Json take() { return std::move(root_); }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(Json::number_integer_t value) { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return add(value); }
  bool number_float(Json::number_float_t value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }  // JSON has none
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const auto [member, inserted] = open_.back()->emplace(name, nullptr);
    member_ = &*member;
    if (!inserted)
      fail(place() + (Json::json_pointer() / name).to_string(), "the key stands twice");
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception& error) {
    // nlohmann's text is "[json.exception...] parse error at line 3, column 5: ...".
    const std::string_view text = error.what();
    throw InputError(fmt::format("{}: not JSON: {}", source_,
                                 text.substr(std::min(text.size(), text.find("] ") + 2))));
  }

 private:
  bool add(Json value) {
    if (++values_ > max_values)
      fail(place(), fmt::format("more than {} values, which is not one of our files", max_values));
    if (open_.empty())
      root_ = std::move(value);
    else if (open_.back()->is_array())
      open_.back()->push_back(std::move(value));
    else
      *member_ = std::move(value);
    return true;
  }

  bool open(Json container) {
    if (open_.size() == max_depth)
      fail(place(), fmt::format("nested more than {} deep", max_depth));
    Json* parent = open_.empty() ? nullptr : open_.back();
    add(std::move(container));
    open_.push_back(!parent ? &root_ : parent->is_array() ? &parent->back() : member_);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  /// The pointer of the innermost open container.
  std::string place() const {
    Json::json_pointer pointer;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      if (open_[i]->is_array()) {
        pointer /= open_[i]->size() - 1;
        continue;
      }
      for (const auto& [name, member] : open_[i]->items())
        if (&member == open_[i + 1]) pointer /= name;
    }
    return pointer.to_string();
  }

  [[noreturn]] void fail(const std::string& pointer, std::string_view message) const {
    throw InputError(fmt::format("{}: {}: {}", source_, pointer.empty() ? "/" : pointer, message));
  }

  const std::string& source_;
  Json root_;
  std::vector<Json*> open_;  // from the root inwards
  Json* member_ = nullptr;   // of the object at hand, whose key was read last
  std::size_t values_ = 0;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& source) {
  DocumentBuilder builder(source);
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& allowed) {
  if (allowed.empty()) return {};
  const auto nearest = std::ranges::min_element(
      allowed, {}, [&](const std::string& other) { return edit_distance(name, other); });
  if (edit_distance(name, *nearest) > std::max<std::size_t>(2, name.size() / 3)) return {};
  return fmt::format(" (did you mean \"{}\"?)", *nearest);
}

double rounded(double value) {
  if (!std::isfinite(value)) throw std::logic_error("not a finite number in a JSON document");
  return std::round(value * 1e9) / 1e9;
}

nlohmann::ordered_json rounded_or_null(const std::optional<double>& value) {
  if (!value) return nullptr;
  return rounded(*value);
}

JsonValue JsonValue::read(const std::filesystem::path& file) {
  return from(parse_json(read_text(file, max_document_bytes), file.string()), file.string());
}

JsonValue JsonValue::from(nlohmann::json document, std::string source) {
  auto shared = std::make_shared<const Document>(Document{std::move(document), std::move(source)});
  const nlohmann::json* root = &shared->root;
  return {std::move(shared), root, ""};
}

void JsonValue::fail(std::string_view message) const {
  throw InputError(fmt::format("{}: {}: {}", source(), pointer_.empty() ? "/" : pointer_, message));
}

std::string JsonValue::found() const { return "found " + shortened(to_text(*value_), 40); }

JsonValue JsonValue::child(std::string_view key, const nlohmann::json& value) const {
  const nlohmann::json::json_pointer step = nlohmann::json::json_pointer() / std::string(key);
  return {document_, &value, pointer_ + step.to_string()};
}

JsonValue JsonValue::at(std::string_view key) const {
  if (auto value = find(key)) return *value;
  fail(fmt::format("\"{}\" is missing", key));
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (!value_->is_object()) fail(fmt::format("must be an object, {}", found()));
  const auto it = value_->find(key);
  if (it == value_->end() || it->is_null()) return std::nullopt;
  return child(key, *it);
}

std::vector<JsonValue> JsonValue::items() const {
  if (!value_->is_array()) fail(fmt::format("must be a list, {}", found()));
  std::vector<JsonValue> items;
  for (std::size_t i = 0; i < value_->size(); ++i)
    items.push_back(child(std::to_string(i), (*value_)[i]));
  return items;
}

double JsonValue::number(double min, double max) const {
  if (!value_->is_number()) fail(fmt::format("must be a number, {}", found()));
  const double number = value_->get<double>();
  if (number >= min && number <= max) return number;
  if (std::isinf(max)) fail(fmt::format("must be at least {}, {}", min, found()));
  if (std::isinf(min)) fail(fmt::format("must be at most {}, {}", max, found()));
  fail(fmt::format("must lie in [{}, {}], {}", min, max, found()));
}

double JsonValue::positive() const {
  const double value = number();
  if (value <= 0.0) fail(fmt::format("must be above 0, {}", found()));
  return value;
}

std::vector<double> JsonValue::numbers(double min, double max) const {
  std::vector<double> numbers;
  for (const auto& item : items()) numbers.push_back(item.number(min, max));
  return numbers;
}

std::size_t JsonValue::count(std::size_t min, std::size_t max) const {
  // 30.0 and 3e1 are whole numbers too, by JSON Schema.
  const double number = value_->is_number() ? value_->get<double>() : NAN;
  if (number != std::trunc(number) || number < static_cast<double>(min) ||
      number > static_cast<double>(max))
    fail(fmt::format("must be a whole number from {} to {}, {}", min, max, found()));
  return value_->get<std::size_t>();
}

std::string JsonValue::string() const {
  if (!value_->is_string()) fail(fmt::format("must be a string, {}", found()));
  return value_->get<std::string>();
}

bool JsonValue::boolean() const {
  if (!value_->is_boolean()) fail(fmt::format("must be true or false, {}", found()));
  return value_->get<bool>();
}

std::filesystem::path JsonValue::path() const {
  const std::filesystem::path path = string();
  const auto beside = std::filesystem::path(source()).parent_path() / path;
  return !std::filesystem::exists(path) && std::filesystem::exists(beside) ? beside : path;
}

std::size_t JsonValue::one_of(const std::vector<std::string>& allowed,
                              std::string_view what) const {
  const std::string name = string();
  const auto it = std::ranges::find(allowed, name);
  if (it != allowed.end()) return static_cast<std::size_t>(it - allowed.begin());
  fail(fmt::format("unknown {} \"{}\"{}; allowed: {}", what, name, did_you_mean(name, allowed),
                   quoted(allowed)));
}

void JsonValue::allow_only(const std::vector<std::string_view>& keys) const {
  if (!value_->is_object()) fail(fmt::format("must be an object, {}", found()));
  const std::vector<std::string> allowed(keys.begin(), keys.end());
  for (const auto& [key, value] : value_->items()) {
    if (std::ranges::find(allowed, key) != allowed.end()) {
      if (value.is_null()) child(key, value).fail("must not be null: leave it out");
      continue;
    }
    if (pointer_.empty() && key == "$schema" && value.is_string()) continue;  // for editors
    child(key, value)
        .fail(fmt::format("unknown key \"{}\"{}; allowed: {}", key, did_you_mean(key, allowed),
                          quoted(allowed)));
  }
}

void JsonValue::check_schema_version() const {
  const JsonValue version = at("schema_version");
  if (version.count() != static_cast<std::size_t>(schema_version))
    version.fail(fmt::format("this program reads version {}, {}", schema_version, version.found()));
}

}  // namespace bench
