#include "results/folder.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "base/error.hpp"
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
    found[entry.path()] = entry.is_directory() ? 0 : entry.file_size();
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
  CHECK(fs::is_empty(out));
}

TEST_CASE("replacing and resuming leave a foreign folder alone") {
  const test::TemporaryFolder parent;
  const fs::path out = make_results(parent, R"({"manifest_version": 3, "name": "an extension"})");
  for (const Existing existing : {Existing::replace, Existing::resume})
    CHECK(refusal(out, existing) ==
          out.string() +
              ": exists and is not a results folder (no manifest.json of one); it is left alone");
  parent.write("out/manifest.json", "{");
  CHECK_THAT(refusal(out, Existing::replace), Catch::Contains("manifest.json: not JSON"));
  fs::remove(out / "manifest.json");
  CHECK_THAT(refusal(out, Existing::replace), Catch::Contains("is not a results folder"));

  const fs::path file = parent.write("file", "text");
  CHECK_THAT(refusal(file, Existing::replace), Catch::Contains("is not a results folder"));
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
  const ResultsFolder folder(below_file, Existing::refuse, config);
  CHECK_THROWS_WITH(folder.prepare(),
                    below_file.string() + ": cannot make this folder: Not a directory");
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
  CHECK_THROWS_WITH(write_document(parent.path() / "folder.json", {}),
                    (parent.path() / "folder.json").string() + ": cannot write: Is a directory");
  CHECK_THROWS_AS(write_document(parent.path() / "none" / "d.json", {}), InputError);
  CHECK(listing(parent.path()).size() == 2);
}
