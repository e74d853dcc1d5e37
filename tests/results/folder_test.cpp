#include "results/folder.hpp"

#include <fstream>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const json config = {{"name", "x"}};

/// A results folder `out` with a summary and a trace.
fs::path make_results(const test::TemporaryFolder& parent, const std::string& manifest) {
  fs::create_directories(parent.path() / "out" / "traces");
  parent.write("out/manifest.json", manifest);
  parent.write("out/traces/default.jsonl", "trace");
  parent.write("out/summary.json", "{}");
  return parent.path() / "out";
}

/// Every path below `folder` with its size.
std::map<fs::path, std::uintmax_t> listing(const fs::path& folder) {
  std::map<fs::path, std::uintmax_t> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    found[entry.path()] = entry.is_regular_file() ? entry.file_size() : 0;
  return found;
}

/// What is said, once it is certain that nothing was touched.
std::string refusal(const fs::path& folder, Existing existing) {
  const auto before = listing(folder.parent_path());
  std::string text = "no error";
  try {
    ResultsFolder(folder, existing, config);
  } catch (const InputError& error) {
    text = error.what();
  }
  CHECK(listing(folder.parent_path()) == before);
  return text;
}

const std::string ours = R"({"config": {"name": "x"}})";

}  // namespace

TEST_CASE("a new or an empty folder is fine, whatever is asked") {
  for (const Existing existing : {Existing::refuse, Existing::replace, Existing::resume}) {
    const test::TemporaryFolder parent;
    const ResultsFolder folder(parent.path() / "a" / "b", existing, config);
    CHECK_FALSE(fs::exists(parent.path() / "a"));
    CHECK_FALSE(folder.resuming());
    folder.prepare();
    CHECK(fs::is_empty(folder.path()));
    CHECK_NOTHROW(ResultsFolder(folder.path(), existing, config));
  }
}

TEST_CASE("results are not overwritten unasked") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, ours);
  CHECK(refusal(out, Existing::refuse) ==
        out.string() +
            ": exists already; choose another --out, or add --resume to go on or "
            "--force to replace it");
}

TEST_CASE("replacing empties a results folder, but not before prepare()") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, ours);
  CHECK(refusal(out, Existing::replace) == "no error");
  const ResultsFolder folder(out, Existing::replace, config);
  CHECK_FALSE(folder.resuming());
  folder.prepare();
  // It stays a results folder until its new manifest takes the old one's place.
  CHECK(listing(out).size() == 1);
  CHECK(fs::exists(out / "manifest.json"));
}

TEST_CASE("what a run leaves that was killed before its first manifest is taken for empty") {
  const test::TemporaryFolder parent;
  fs::create_directory(parent.path() / "out");
  parent.write("out/manifest.json.part", "{");
  parent.write("out/.reserve", "");
  for (const Existing existing : {Existing::refuse, Existing::replace, Existing::resume})
    CHECK(refusal(parent.path() / "out", existing) == "no error");
}

TEST_CASE("results with a damaged manifest can be replaced, and nothing else") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, "");
  CHECK(refusal(out, Existing::replace) == "no error");
  CHECK_THAT(refusal(out, Existing::resume),
             Catch::Matchers::StartsWith((out / "manifest.json").string() + ": not JSON") &&
                 Catch::Matchers::EndsWith(
                     "so --resume cannot tell which config it is of: --force replaces "
                     "it"));
  parent.write("out/thesis.txt", "");
  CHECK_THAT(refusal(out, Existing::replace), Catch::Matchers::Contains("is not a results folder"));
}

TEST_CASE("resuming follows no link inside of the folder") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, ours), precious = parent.write("precious", "text");
  fs::create_symlink(precious, out / "inferences.jsonl");
  CHECK_THAT(refusal(out, Existing::resume),
             Catch::Matchers::Contains("inferences.jsonl: is a symbolic link"));
  fs::remove(out / "inferences.jsonl");
  fs::remove_all(out / "traces");
  fs::create_directory_symlink(parent.path(), out / "traces");
  CHECK_THAT(refusal(out, Existing::resume),
             Catch::Matchers::Contains("traces: is a symbolic link"));
  CHECK(refusal(out, Existing::replace) == "no error");
  ResultsFolder(out, Existing::replace, config).prepare();
  CHECK(fs::file_size(precious) == 4);
}

TEST_CASE("replacing and resuming leave a foreign folder alone") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, R"({"manifest_version": 3, "name": "an extension"})");
  for (const Existing existing : {Existing::replace, Existing::resume})
    CHECK(refusal(out, existing) ==
          out.string() +
              ": exists and is not a results folder (no manifest.json of one); it is left alone");
  fs::remove(out / "manifest.json");
  CHECK_THAT(refusal(out, Existing::replace), Catch::Matchers::Contains("is not a results folder"));

  const fs::path file = parent.write("file", "text");
  CHECK_THAT(refusal(file, Existing::replace),
             Catch::Matchers::Contains("is not a results folder"));
}

TEST_CASE("resuming goes on with the same config only") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, ours);
  const auto before = listing(out);
  const ResultsFolder folder(out, Existing::resume, config);
  CHECK(folder.resuming());
  folder.prepare();
  CHECK(listing(out) == before);

  parent.write("out/manifest.json", R"({"config": {"name": "y"}})");
  CHECK(refusal(out, Existing::resume) ==
        (out / "manifest.json").string() +
            ": was made by another config; --resume needs the same one");
}

TEST_CASE("a file that is yet to be read is not replaced") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, ours);
  const fs::path trace = out / "traces" / "default.jsonl";
  const ResultsFolder folder(out, Existing::replace, config);
  CHECK_THROWS_WITH(folder.spare(trace), trace.string() + ": lies in " + out.string() +
                                             ", which is to be replaced; choose another --out");
  CHECK_THROWS_AS(folder.spare(fs::relative(trace)), InputError);
  CHECK_NOTHROW(folder.spare(parent.path() / "out-2" / "default.jsonl"));
  CHECK_NOTHROW(folder.spare(""));
  CHECK_NOTHROW(ResultsFolder(out, Existing::resume, config).spare(trace));
}

TEST_CASE("a folder that cannot be made is told") {
  const test::TemporaryFolder parent;
  const fs::path below_file = parent.write("file", "text") / "out";
  const fs::path dangling = parent.path() / "dangling";
  fs::create_symlink(parent.path() / "nothing", dangling);
  const fs::path too_long = parent.path() / "a" / std::string(256, 'x');
  const auto before = listing(parent.path());
  for (const auto& [place, reason] : {std::pair(below_file, "Not a directory"),
                                      {dangling, "File exists"},
                                      {too_long, "File name too long"},
                                      {fs::path("/proc/out"), "No such file or directory"}})
    CHECK_THROWS_WITH(ResultsFolder(place, Existing::refuse, config),
                      place.string() + ": cannot make this folder: " + reason);
  CHECK(listing(parent.path()) == before);
}

TEST_CASE("a document is written whole or not at all") {
  const test::TemporaryFolder parent;
  const fs::path file = parent.path() / "d.json";
  write_document(file, {{"a", 1}});
  write_document(file, {{"a", 2}});
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  CHECK(text.str() == "{\n  \"a\": 2\n}\n");

  fs::create_directory(parent.path() / "folder.json");
  CHECK_THROWS_WITH(
      write_document(parent.path() / "folder.json", {}),
      (parent.path() / "folder.json").string() + ": is a folder, not a file, and is left alone");
  CHECK_THROWS_AS(write_document(parent.path() / "none" / "d.json", {}), InputError);
  CHECK(listing(parent.path()).size() == 2);
}
