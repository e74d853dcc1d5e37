#include "suite/suite.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/sha256.hpp"

namespace bench {
namespace {

const std::vector<std::string> kinds = {"traditional", "anytime"};  // in the enum's order

std::string text(const JsonValue& value) {
  std::string text = value.string();
  if (text.empty()) value.fail("must not be empty");
  return text;
}

Split parse_split(const JsonValue& value) {
  const std::vector<JsonValue> ends = value.items();
  if (ends.size() != 2) value.fail(fmt::format("must be [first, last], has {} items", ends.size()));
  const Split split{ends[0].count(), ends[1].count()};
  if (split.first > split.last)
    value.fail(fmt::format("starts at {}, after its end {}", split.first, split.last));
  return split;
}

std::string parse_sha256(const JsonValue& value) {
  const std::string sha256 = value.string();
  if (sha256.size() != 64 || sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
    value.fail("must be 64 lower-case hexadecimal digits");
  return sha256;
}

DataFiles parse_files(const JsonValue& value, const std::filesystem::path& folder) {
  const auto file = [&](std::string_view key) { return folder / text(value.at(key)); };
  const auto allow_only = [&](std::initializer_list<std::string_view> keys) {
    std::vector<std::string_view> all = {"format",         "description", "license",
                                         "debian_package", "setup",       "splits"};
    all.insert(all.end(), keys);
    value.allow_only(all);
  };
  switch (value.at("format").one_of({"idx", "audio", "tensors", "text"}, "data format")) {
    case 0:
      allow_only({"images", "labels"});
      return IdxFiles{file("images"), file("labels")};
    case 1:
      allow_only({"folder", "labels", "sample_rate_hz", "duration_s"});
      return AudioFiles{file("folder"), file("labels"),
                        value.at("sample_rate_hz").count(1000, 384000),
                        value.at("duration_s").number(0.01, 60.0)};
    case 2:
      allow_only({"items", "labels"});
      return TensorFiles{file("items"), file("labels")};
    default: {
      allow_only({"sentences", "vocabulary", "sha256"});
      const JsonValue sha256 = value.at("sha256");
      sha256.allow_only({"sentences", "vocabulary"});
      return TextFiles{file("sentences"), file("vocabulary"), parse_sha256(sha256.at("sentences")),
                       parse_sha256(sha256.at("vocabulary"))};
    }
  }
}

DataSpec parse_data(const JsonValue& value, const std::filesystem::path& folder) {
  DataSpec data;
  data.files = parse_files(value, folder);
  if (const auto package = value.find("debian_package")) data.debian_package = text(*package);
  if (const auto setup = value.find("setup")) data.setup = text(*setup);
  for (const char* key : {"description", "license"})
    if (const auto words = value.find(key)) text(*words);

  const JsonValue splits = value.at("splits");
  splits.allow_only({"profiling", "evaluation"});
  data.profiling = parse_split(splits.at("profiling"));
  data.evaluation = parse_split(splits.at("evaluation"));
  if (data.profiling.first <= data.evaluation.last && data.evaluation.first <= data.profiling.last)
    splits.fail("the splits overlap; evaluation inputs must never be profiling inputs");
  return data;
}

ModelSpec parse_model(const JsonValue& value, const std::filesystem::path& folder) {
  value.allow_only({"name", "file", "kind", "sha256", "parameters", "accuracy", "perplexity"});
  ModelSpec model;
  model.name = text(value.at("name"));
  model.file = folder / text(value.at("file"));
  if (!std::filesystem::is_regular_file(model.file))
    value.at("file").fail(fmt::format("no such file: {}", model.file.string()));
  model.kind = parse_model_kind(value.at("kind"));
  model.sha256 = parse_sha256(value.at("sha256"));
  if (const auto parameters = value.find("parameters")) parameters->count();

  const JsonValue accuracy = value.at("accuracy");
  model.accuracy = accuracy.numbers(0.0, 1.0);
  if (model.accuracy.empty()) accuracy.fail("must have one number per stage, is empty");
  if (model.kind == alert::ModelKind::traditional && model.accuracy.size() != 1)
    accuracy.fail(fmt::format("a traditional model has one stage, found {} accuracies",
                              model.accuracy.size()));
  if (const auto perplexity = value.find("perplexity")) {
    model.perplexity = perplexity->numbers(1.0);
    if (model.perplexity.size() != model.accuracy.size())
      perplexity->fail(fmt::format("must have one number per stage, {}, found {}",
                                   model.accuracy.size(), model.perplexity.size()));
  }
  return model;
}

}  // namespace

std::string to_string(alert::ModelKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

alert::ModelKind parse_model_kind(const JsonValue& value) {
  return static_cast<alert::ModelKind>(value.one_of(kinds, "model kind"));
}

Suite read_suite(const std::filesystem::path& folder) {
  const JsonValue root = JsonValue::read(folder / "suite.json");
  root.allow_only(
      {"schema_version", "name", "task", "metric", "classes", "q_fail", "data", "models"});
  root.check_schema_version();
  Suite suite;
  suite.name = text(root.at("name"));
  suite.task = text(root.at("task"));
  suite.metric = text(root.at("metric"));
  suite.classes = root.at("classes").count(2, 1000000);
  suite.q_fail = root.at("q_fail").number(0.0, 1.0);
  suite.data = parse_data(root.at("data"), folder);

  const JsonValue models = root.at("models");
  for (const JsonValue& value : models.items()) {
    ModelSpec model = parse_model(value, folder);
    if (std::ranges::find(suite.models, model.name, &ModelSpec::name) != suite.models.end())
      value.at("name").fail(fmt::format("a model before is also named \"{}\"", model.name));
    suite.models.push_back(std::move(model));
  }
  if (suite.models.empty()) models.fail("must have at least one model");
  return suite;
}

void check_hashes(const Suite& suite) {
  for (const ModelSpec& model : suite.models) {
    const std::string found = sha256_hex(model.file);
    if (found != model.sha256)
      throw InputError(fmt::format("{}: its sha256 is {}, but suite.json says {}",
                                   model.file.string(), found, model.sha256));
  }
}

}  // namespace bench
