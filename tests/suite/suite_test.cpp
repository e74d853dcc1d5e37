#include "suite/suite.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using nlohmann::json;

namespace {

/// A suite of two models in a folder of its own, to be spoilt through `document`.
struct SuiteFolder {
  test::TemporaryFolder folder;
  json document = json::parse(R"({
    "schema_version": 1,
    "name": "tiny",
    "task": "image-classification",
    "metric": "top-1 accuracy",
    "classes": 10,
    "q_fail": 0.1,
    "data": {
      "format": "idx",
      "images": "data/images.gz",
      "labels": "/srv/labels.gz",
      "debian_package": "dataset-tiny",
      "license": "MIT",
      "splits": {"profiling": [0, 4], "evaluation": [5, 9]}
    },
    "models": [
      {"name": "one", "file": "one.pt", "kind": "traditional", "parameters": 599,
       "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
       "accuracy": [0.5]},
      {"name": "any", "file": "any.pt", "kind": "anytime", "parameters": 600,
       "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
       "accuracy": [0.5, 0.75]}
    ]})");

  SuiteFolder() {
    folder.write("one.pt", "abc");
    folder.write("any.pt", "");
  }

  Suite read() const {
    folder.write("suite.json", document.dump());
    return read_suite(folder.path());
  }

  /// The error of read() once the value at `pointer` is `value`, or not there where that is null;
  /// without the folder's name.
  std::string error_with(const std::string& pointer, const json& value) {
    const json before = document;
    if (value.is_null())
      document = document.patch(json::array({{{"op", "remove"}, {"path", pointer}}}));
    else
      document[json::json_pointer(pointer)] = value;
    std::string message = "no error";
    try {
      read();
    } catch (const InputError& error) {
      message = error.what();
    }
    document = before;
    const std::string prefix = folder.path().string() + "/";
    for (auto at = message.find(prefix); at != std::string::npos; at = message.find(prefix))
      message.erase(at, prefix.size());
    return message;
  }

  std::string error_without(const std::string& pointer) { return error_with(pointer, nullptr); }
};

}  // namespace

TEST_CASE("a suite is read as it is written") {
  const SuiteFolder tiny;
  const Suite suite = tiny.read();
  CHECK(suite.name == "tiny");
  CHECK(suite.task == "image-classification");
  CHECK(suite.metric == "top-1 accuracy");
  CHECK(suite.classes == 10);
  CHECK(suite.q_fail == 0.1);
  const auto& files = std::get<IdxFiles>(suite.data.files);
  CHECK(files.images == tiny.folder.path() / "data/images.gz");
  CHECK(files.labels == "/srv/labels.gz");
  CHECK_FALSE(suite.data.sequential());
  CHECK(suite.data.debian_package == "dataset-tiny");
  CHECK(suite.data.profiling.first == 0);
  CHECK(suite.data.profiling.last == 4);
  CHECK(suite.data.evaluation.first == 5);
  CHECK(suite.data.evaluation.size() == 5);
  REQUIRE(suite.models.size() == 2);
  CHECK(suite.models[0].name == "one");
  CHECK(suite.models[0].file == tiny.folder.path() / "one.pt");
  CHECK(suite.models[0].kind == alert::ModelKind::traditional);
  CHECK(suite.models[0].sha256.starts_with("ba7816bf"));
  CHECK(suite.models[0].accuracy == std::vector{0.5});
  CHECK(suite.models[1].kind == alert::ModelKind::anytime);
  CHECK(suite.models[1].accuracy == std::vector{0.5, 0.75});
}

TEST_CASE("the data of a suite in its other formats") {
  SuiteFolder tiny;
  const std::string sha256(64, 'a');
  const json splits = tiny.document["data"]["splits"];
  json& data = tiny.document["data"];

  data = {{"format", "audio"},       {"folder", "/srv/clips"}, {"labels", "labels.csv"},
          {"sample_rate_hz", 16000}, {"duration_s", 0.5},      {"setup", "scripts/setup.py"},
          {"splits", splits}};
  const Suite audio = tiny.read();
  CHECK(audio.data.setup == "scripts/setup.py");
  const auto& clips = std::get<AudioFiles>(audio.data.files);
  CHECK(clips.folder == "/srv/clips");
  CHECK(clips.labels == tiny.folder.path() / "labels.csv");
  CHECK(clips.sample_rate_hz == 16000);
  CHECK(clips.duration_s == 0.5);

  data = {{"format", "tensors"}, {"items", "x.pt"}, {"labels", "y.pt"}, {"splits", splits}};
  const Suite tensors = tiny.read();
  CHECK(std::get<TensorFiles>(tensors.data.files).items == tiny.folder.path() / "x.pt");

  data = {{"format", "text"},
          {"sentences", "s.txt"},
          {"vocabulary", "v.txt"},
          {"sha256", {{"sentences", sha256}, {"vocabulary", sha256}}},
          {"splits", splits}};
  tiny.document["models"][1]["perplexity"] = {90.0, 80.5};
  const Suite text = tiny.read();
  CHECK(text.data.sequential());
  CHECK(std::get<TextFiles>(text.data.files).vocabulary_sha256 == sha256);
  CHECK(text.models[0].perplexity.empty());
  CHECK(text.models[1].perplexity == std::vector{90.0, 80.5});
  CHECK(tiny.error_with("/models/1/perplexity", {90.0}) ==
        "suite.json: /models/1/perplexity: must have one number per stage, 2, found 1");
  CHECK(tiny.error_with("/data/images", "x").starts_with("suite.json: /data/images: unknown key"));
}

TEST_CASE("what a suite may leave out") {
  SuiteFolder tiny;
  tiny.document["data"].erase("debian_package");
  tiny.document["data"].erase("license");
  tiny.document["models"][0].erase("parameters");
  CHECK(tiny.read().data.debian_package.empty());
}

TEST_CASE("what a suite must have") {
  SuiteFolder tiny;
  for (const char* pointer :
       {"/schema_version", "/name", "/task", "/metric", "/classes", "/q_fail", "/data", "/models",
        "/data/format", "/data/images", "/data/labels", "/data/splits", "/data/splits/profiling",
        "/data/splits/evaluation", "/models/1/name", "/models/1/file", "/models/1/kind",
        "/models/1/sha256", "/models/1/accuracy"}) {
    const std::string name(pointer);
    const auto parent = name.substr(0, name.rfind('/'));
    const auto key = name.substr(name.rfind('/') + 1);
    CHECK(tiny.error_without(pointer) ==
          "suite.json: " + (parent.empty() ? "/" : parent) + ": \"" + key + "\" is missing");
  }
}

TEST_CASE("what a suite must not have") {
  SuiteFolder tiny;
  CHECK(tiny.error_with("/class", 10) ==
        "suite.json: /class: unknown key \"class\" (did you mean \"classes\"?); allowed: "
        "\"schema_version\", \"name\", \"task\", \"metric\", \"classes\", \"q_fail\", \"data\", "
        "\"models\"");
  CHECK(tiny.error_with("/data/image", "x").find("/data/image: unknown key") != std::string::npos);
  CHECK(
      tiny.error_with("/data/splits/test", json::array()).find("/data/splits/test: unknown key") !=
      std::string::npos);
  CHECK(tiny.error_with("/models/0/acuracy", 1).find("(did you mean \"accuracy\"?)") !=
        std::string::npos);
}

TEST_CASE("values that a suite cannot have") {
  SuiteFolder tiny;
  const auto [pointer, value, message] = GENERATE(table<std::string, json, std::string>({
      {"/schema_version", 2, "/schema_version: this program reads version 1, found 2"},
      {"/name", "", "/name: must not be empty"},
      {"/classes", 1, "/classes: must be a whole number from 2 to 1000000, found 1"},
      {"/classes", 1000001, "/classes: must be a whole number from 2 to 1000000, found 1000001"},
      {"/q_fail", 1.5, "/q_fail: must lie in [0, 1], found 1.5"},
      {"/data/format", "ixd",
       "/data/format: unknown data format \"ixd\" (did you mean \"idx\"?); allowed: \"idx\", "
       "\"audio\", \"tensors\", \"text\""},
      {"/data/license", 5, "/data/license: must be a string, found 5"},
      {"/data/splits/profiling", {0}, "/data/splits/profiling: must be [first, last], has 1 items"},
      {"/data/splits/profiling", {4, 3}, "/data/splits/profiling: starts at 4, after its end 3"},
      {"/data/splits/evaluation",
       {-1, 3},
       "/data/splits/evaluation/0: must be a whole number from 0 to 4294967295, found -1"},
      {"/data/splits/evaluation",
       {4, 9},
       "/data/splits: the splits overlap; evaluation inputs must never be profiling inputs"},
      {"/data/splits/profiling",
       {9, 12},
       "/data/splits: the splits overlap; evaluation inputs must never be profiling inputs"},
      {"/models", json::array(), "/models: must have at least one model"},
      {"/models/1/name", "one", "/models/1/name: a model before is also named \"one\""},
      {"/models/1/file", "two.pt", "/models/1/file: no such file: two.pt"},
      {"/models/1/file", ".", "/models/1/file: no such file: ."},
      {"/models/1/kind", "Anytime",
       "/models/1/kind: unknown model kind \"Anytime\" (did you mean \"anytime\"?); allowed: "
       "\"traditional\", \"anytime\""},
      {"/models/0/sha256", "BA78", "/models/0/sha256: must be 64 lower-case hexadecimal digits"},
      {"/models/0/sha256", std::string(64, 'g'),
       "/models/0/sha256: must be 64 lower-case hexadecimal digits"},
      {"/models/0/parameters", "many",
       "/models/0/parameters: must be a whole number from 0 to 4294967295, found \"many\""},
      {"/models/0/accuracy", json::array(),
       "/models/0/accuracy: must have one number per stage, is empty"},
      {"/models/0/accuracy",
       {0.5, 0.6},
       "/models/0/accuracy: a traditional model has one stage, found 2 accuracies"},
      {"/models/1/accuracy", {0.5, 50}, "/models/1/accuracy/1: must lie in [0, 1], found 50"},
  }));
  CHECK(tiny.error_with(pointer, value) == "suite.json: " + message);
}

TEST_CASE("a folder without a suite") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(read_suite(folder.path()),
                    (folder.path() / "suite.json").string() +
                        ": cannot read this file: No such file or directory");
}

TEST_CASE("model files are what the suite says they are") {
  const SuiteFolder tiny;
  const Suite suite = tiny.read();
  CHECK_NOTHROW(check_hashes(suite));
  tiny.folder.write("any.pt", "abc");
  CHECK_THROWS_AS(check_hashes(suite), InputError);
  CHECK_THROWS_WITH(
      check_hashes(suite),
      suite.models[1].file.string() +
          ": its sha256 is ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, but "
          "suite.json says e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("kinds of models by name") {
  CHECK(to_string(alert::ModelKind::traditional) == "traditional");
  CHECK(to_string(alert::ModelKind::anytime) == "anytime");
  CHECK(parse_model_kind(JsonValue::from("anytime", "x")) == alert::ModelKind::anytime);
}
