#include "base/json.hpp"

#include <filesystem>
#include <fstream>
#include <limits>

#include "base/error.hpp"
#include "support/catch.hpp"

using bench::did_you_mean;
using bench::InputError;
using bench::JsonValue;

namespace {

JsonValue document(const std::string& text) {
  return JsonValue::from(bench::parse_json(text, "x.json"), "x.json");
}

/// The text of the InputError that `read` throws.
template <typename Read>
std::string error_of(Read read) {
  try {
    read();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// A file of this text, gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / "alert-bench-json-test.json") {
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_error(const std::string& text) {
  const TemporaryFile file(text);
  const std::string error = error_of([&] { JsonValue::read(file.path()); });
  const std::string prefix = file.path().string() + ": not JSON: ";
  CHECK(error.starts_with(prefix));
  return error.substr(std::min(error.size(), prefix.size()));
}

}  // namespace

TEST_CASE("json: a file is read whole") {
  const TemporaryFile file(R"({"a": {"b": [1, 2.5]}})");
  const auto root = JsonValue::read(file.path());
  CHECK(root.source() == file.path().string());
  CHECK(root.at("a").at("b").items()[1].number() == 2.5);
  CHECK(root.at("a").at("b").items()[1].pointer() == "/a/b/1");
}

TEST_CASE("json: a missing file, and a folder") {
  CHECK(error_of([] { JsonValue::read("no/such.json"); }) ==
        "no/such.json: cannot read this file: No such file or directory");
  const auto folder = std::filesystem::temp_directory_path();
  CHECK(error_of([&] { JsonValue::read(folder); }) ==
        folder.string() + ": cannot read this file: Is a directory");
}

TEST_CASE("json: what is not strict JSON is refused, and the place told") {
  CHECK_THAT(read_error("{\"a\": 1,\n oops}"),
             Catch::Matchers::StartsWith("parse error at line 2, column 2"));
  for (const std::string text :
       {"", "{", "[1,]", "{\"a\": NaN}", "[Infinity]", "[-Infinity]", "// comment\n1", "1 2"})
    CHECK_THAT(read_error(text), Catch::Matchers::StartsWith("parse error at line"));
}

TEST_CASE("json: a key that stands twice is refused, and its place told") {
  CHECK(error_of([] { document(R"({"a": [0, {"b": 1, "c": 2, "b": 3}]})"); }) ==
        "x.json: /a/1/b: the key stands twice");
  CHECK_NOTHROW(document(R"({"a": {"b": 1}, "b": {"a": 1}})"));
}

TEST_CASE("json: what is nested too deep is refused before anything recurses") {
  const auto nested = [](std::size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
  };
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair(R"({"k":)", "}")}) {
    CHECK_NOTHROW(document(nested(64, open, close)));
    CHECK_THAT(error_of([&] { document(nested(65, open, close)); }),
               Catch::Matchers::Contains("nested more than 64 deep"));
    CHECK_THAT(error_of([&] { document(nested(100'000, open, "")); }),
               Catch::Matchers::Contains("nested more than 64 deep"));
  }
}

TEST_CASE("json: more values than any of our files has are refused") {
  std::string text = "[0";
  for (std::size_t i = 2; i < 2'000'000; ++i) text += ",0";
  CHECK_NOTHROW(document(text + "]"));
  CHECK(error_of([&] { document(text + ",0]"); }) ==
        "x.json: /: more than 2000000 values, which is not one of our files");
}

TEST_CASE("json: a number that no double holds is refused") {
  CHECK_THAT(read_error("[1e999]"), Catch::Matchers::Contains("1e999"));
}

TEST_CASE("json: members") {
  const auto root = document(R"({"a": 1, "n": null, "l": []})");
  CHECK(root.at("a").number() == 1.0);
  CHECK(root.find("a"));
  CHECK_FALSE(root.find("b"));
  CHECK_FALSE(root.find("n"));
  CHECK(root.is_object());
  CHECK(root.at("l").is_array());
  CHECK_FALSE(root.at("a").is_string());
  CHECK(error_of([&] { root.at("b"); }) == "x.json: /: \"b\" is missing");
  CHECK(error_of([&] { root.at("n"); }) == "x.json: /: \"n\" is missing");
  CHECK(error_of([&] { root.at("a").at("b"); }) == "x.json: /a: must be an object, found 1");
  CHECK(error_of([&] { root.at("a").find("b"); }) == "x.json: /a: must be an object, found 1");
}

TEST_CASE("json: the pointer escapes as RFC 6901 says") {
  CHECK(document(R"({"a/b~c": 1})").at("a/b~c").pointer() == "/a~1b~0c");
}

TEST_CASE("json: a value outlives its document's handle") {
  const auto value = [] { return document(R"({"a": [7]})").at("a").items()[0]; }();
  CHECK(value.number() == 7.0);
  CHECK(value.source() == "x.json");
}

TEST_CASE("json: lists") {
  const auto root = document(R"({"l": [1, "two"], "s": "x"})");
  CHECK(root.at("l").items().size() == 2);
  CHECK(error_of([&] { root.at("s").items(); }) == "x.json: /s: must be a list, found \"x\"");
  CHECK(error_of([&] { root.at("l").numbers(); }) ==
        "x.json: /l/1: must be a number, found \"two\"");
  const auto numbers = document("[0.5, 3]");
  CHECK(numbers.numbers() == std::vector<double>{0.5, 3.0});
  CHECK(error_of([&] { numbers.numbers(0.0, 1.0); }) == "x.json: /1: must lie in [0, 1], found 3");
}

TEST_CASE("json: numbers") {
  const auto value = [](const std::string& text) { return document(text); };
  CHECK(value("2.5").number(2.5, 2.5) == 2.5);
  CHECK(error_of([&] { value("true").number(); }) == "x.json: /: must be a number, found true");
  CHECK(error_of([&] { value("-1").number(0.0); }) == "x.json: /: must be at least 0, found -1");
  CHECK(error_of([&] { value("2").number(-std::numeric_limits<double>::infinity(), 1.0); }) ==
        "x.json: /: must be at most 1, found 2");
  CHECK(error_of([&] { value("1.5").number(0.0, 1.0); }) ==
        "x.json: /: must lie in [0, 1], found 1.5");
  CHECK(value("0.1").positive() == 0.1);
  CHECK(error_of([&] { value("0").positive(); }) == "x.json: /: must be above 0, found 0");
}

TEST_CASE("json: NaN from memory is no number either") {
  const auto nan = JsonValue::from(std::numeric_limits<double>::quiet_NaN(), "memory");
  CHECK_THROWS_AS(nan.number(), InputError);
  CHECK_THROWS_AS(nan.positive(), InputError);
}

TEST_CASE("json: counts") {
  CHECK(document("3").count() == 3);
  CHECK(document("3").count(3, 3) == 3);
  CHECK(document("3.0").count(3, 3) == 3);  // JSON has one kind of number
  for (const std::string text : {"2", "5", "-3", "3.5", "\"3\"", "1e20"}) {
    const auto value = document(text);
    CHECK_THAT(
        error_of([&] { value.count(3, 4); }),
        Catch::Matchers::StartsWith("x.json: /: must be a whole number from 3 to 4, found "));
  }
  CHECK_THROWS_AS(document("18446744073709551615").count(), InputError);
}

TEST_CASE("json: strings and truth values") {
  CHECK(document("\"x\"").string() == "x");
  CHECK(document("false").boolean() == false);
  CHECK(error_of([] { document("1").string(); }) == "x.json: /: must be a string, found 1");
  CHECK(error_of([] { document("1").boolean(); }) == "x.json: /: must be true or false, found 1");
}

TEST_CASE("json: one of several names") {
  const std::vector<std::string> allowed{"app-only", "sys-only"};
  CHECK(document("\"sys-only\"").one_of(allowed, "scheme") == 1);
  CHECK(error_of([&] { document(R"(["app_only"])").items()[0].one_of(allowed, "scheme"); }) ==
        "x.json: /0: unknown scheme \"app_only\" (did you mean \"app-only\"?); allowed: "
        "\"app-only\", \"sys-only\"");
  CHECK(error_of([&] { document("7").one_of(allowed, "scheme"); }) ==
        "x.json: /: must be a string, found 7");
}

TEST_CASE("json: unknown members are refused") {
  const auto root = document(R"({"deadline": 1, "model": 2})");
  CHECK_NOTHROW(root.allow_only({"deadline", "model", "cap"}));
  CHECK(error_of([&] {
          root.allow_only({"deadline", "models"});
        }) ==
        "x.json: /model: unknown key \"model\" (did you mean \"models\"?); allowed: \"deadline\", "
        "\"models\"");
  CHECK(error_of([&] { document(R"({"cap": null})").allow_only({"cap"}); }) ==
        "x.json: /cap: must not be null: leave it out");
  CHECK(error_of([&] { root.at("model").allow_only({"a"}); }) ==
        "x.json: /model: must be an object, found 2");
}

TEST_CASE("json: schema_version") {
  CHECK_NOTHROW(document(R"({"schema_version": 1})").check_schema_version());
  CHECK(error_of([] { document(R"({"schema_version": 2})").check_schema_version(); }) ==
        "x.json: /schema_version: this program reads version 1, found 2");
  CHECK(error_of([] { document("{}").check_schema_version(); }) ==
        "x.json: /: \"schema_version\" is missing");
}

TEST_CASE("json: a whole number may be written as 30.0 or 3e1") {
  CHECK(document("30.0").count() == 30);
  CHECK(document("3e1").count() == 30);
  CHECK(error_of([] { document("30.5").count(); }) ==
        "x.json: /: must be a whole number from 0 to 4294967295, found 30.5");
}

TEST_CASE("json: a long value is cut in the error") {
  const auto value = document('"' + std::string(100, 'x') + '"');
  CHECK(error_of([&] { value.number(); }) ==
        R"(x.json: /: must be a number, found "xxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxx")");
}

TEST_CASE("did_you_mean suggests the nearest name, and nothing where none is near") {
  const std::vector<std::string> names{"oracle", "oracle-static", "sys-only"};
  CHECK(did_you_mean("oracel", names) == " (did you mean \"oracle\"?)");
  CHECK(did_you_mean("syss-onl", names) == " (did you mean \"sys-only\"?)");
  CHECK(did_you_mean("oracle_statik", names) == " (did you mean \"oracle-static\"?)");
  CHECK(did_you_mean("gradient", names).empty());
  CHECK(did_you_mean("x", {}).empty());
}

TEST_CASE("rounded() keeps nine decimals and refuses what JSON cannot say") {
  CHECK(bench::rounded(0.1234567894) == 0.123456789);
  CHECK(bench::rounded(0.1234567896) == 0.12345679);
  CHECK(bench::rounded(-2.0) == -2.0);
  CHECK_THROWS_AS(bench::rounded(std::numeric_limits<double>::quiet_NaN()), std::logic_error);
  CHECK_THROWS_AS(bench::rounded(std::numeric_limits<double>::infinity()), std::logic_error);
}
