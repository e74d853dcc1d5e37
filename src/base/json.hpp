// Strict reading of JSON documents: every access is checked, and every error names the file, the
// JSON pointer, what was found and what is allowed.
#pragma once

#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr std::size_t max_document_bytes = 64 << 20;

/// A document that JSON text holds: strict, no key twice in an object, no deeper and no larger than
/// any of ours. Throws InputError with `source`, which stands for the file's name.
nlohmann::json parse_json(std::string_view text, const std::string& source);

/// As text, valid whatever bytes a string holds; an indent of -1 gives one line.
template <typename Json>
std::string to_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// A value inside a document. Cheap to copy; keeps the document alive.
class JsonValue {
 public:
  /// Reads a whole file or pipe (base/files.hpp). Throws InputError where it is missing or not JSON
  /// as parse_json() takes it.
  static JsonValue read(const std::filesystem::path& file);
  /// A document that is already in memory; `source` stands for the file's name in errors.
  static JsonValue from(nlohmann::json document, std::string source);

  const nlohmann::json& raw() const { return *value_; }
  const std::string& source() const { return document_->source; }
  const std::string& pointer() const { return pointer_; }

  JsonValue at(std::string_view key) const;                   ///< required member
  std::optional<JsonValue> find(std::string_view key) const;  ///< optional member; null = absent
  std::vector<JsonValue> items() const;                       ///< elements of an array
  bool is_object() const { return value_->is_object(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }

  double number(double min = -std::numeric_limits<double>::infinity(),
                double max = std::numeric_limits<double>::infinity()) const;
  double positive() const;  ///< a number above 0
  std::vector<double> numbers(double min = -std::numeric_limits<double>::infinity(),
                              double max = std::numeric_limits<double>::infinity()) const;
  std::size_t count(std::size_t min = 0,
                    std::size_t max = std::numeric_limits<std::uint32_t>::max()) const;
  std::string string() const;
  bool boolean() const;
  /// A path that is taken from the working directory, or else from this document's folder.
  std::filesystem::path path() const;
  /// The index of the string among `allowed`; suggests the nearest where it is none of them.
  std::size_t one_of(const std::vector<std::string>& allowed, std::string_view what) const;
  /// Refuses members that are not named, and suggests the nearest name; and those that are null. At
  /// the top of a document "$schema" may name its schema, by which editors check it.
  void allow_only(const std::vector<std::string_view>& keys) const;
  /// Refuses a schema_version that this program does not read.
  void check_schema_version() const;

  /// "found ..." with the value, shortened.
  std::string found() const;
  /// An error at this place: "file: /pointer: message".
  [[noreturn]] void fail(std::string_view message) const;

 private:
  struct Document {
    nlohmann::json root;
    std::string source;
  };
  JsonValue(std::shared_ptr<const Document> document, const nlohmann::json* value,
            std::string pointer)
      : document_(std::move(document)), value_(value), pointer_(std::move(pointer)) {}
  JsonValue child(std::string_view key, const nlohmann::json& value) const;

  std::shared_ptr<const Document> document_;
  const nlohmann::json* value_;
  std::string pointer_;
};

inline constexpr int schema_version = 1;

/// ` (did you mean "x"?)` for the nearest of `allowed`, or empty where none is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& allowed);

/// A measurement for a log: rounded to 1e-9 (nanoseconds, nanojoules), so that it reads well.
/// Throws std::logic_error for a value that JSON has no number for.
double rounded(double value);
/// The same, or null for one that is missing.
nlohmann::ordered_json rounded_or_null(const std::optional<double>& value);

}  // namespace bench
