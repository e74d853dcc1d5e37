// The modules are made by make_modules.py: an item is 4 numbers and the right logits are the item.
#include "suite/runtime.hpp"

#include <link.h>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

std::vector<std::string> loaded_libraries() {
  std::vector<std::string> names;
  dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* names) {
        static_cast<std::vector<std::string>*>(names)->push_back(library->dlpi_name);
        return 0;
      },
      &names);
  return names;
}

bool any_contains(const std::vector<std::string>& names, std::string_view part) {
  return std::ranges::any_of(
      names, [&](const std::string& name) { return name.find(part) != std::string::npos; });
}

const std::vector<std::string> libraries_at_start = loaded_libraries();

ModelSpec spec(const std::string& name, std::size_t stages = 1) {
  ModelSpec model;
  model.name = name;
  model.file = MODULES_DIR "/" + name + ".pt";
  model.kind =
      name.starts_with("Anytime") ? alert::ModelKind::anytime : alert::ModelKind::traditional;
  model.accuracy.assign(stages, 0.5);
  return model;
}

Suite suite_of(DataFiles files) {
  Suite suite;
  suite.classes = 4;
  suite.data.files = std::move(files);
  return suite;
}

std::unique_ptr<Module> load(const ModelSpec& model) {
  return runtime(1).load(model, suite_of(IdxFiles()));
}

std::string load_error(const ModelSpec& model) {
  try {
    load(model);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

const std::vector<float> items{0.f, 1.f, 2.f, 3.f, 9.f, 8.f, 7.f, 6.f};

Burst burst(const std::vector<float>& values) { return {values, {values.size() / 4, 4}, {}}; }

std::vector<float> logits(Module& module, std::size_t stage) {
  const auto logits = module.run_stage(stage);
  return {logits.begin(), logits.end()};
}

std::vector<float> times(float factor, std::vector<float> values) {
  for (float& value : values) value *= factor;
  return values;
}

std::string named(const std::string& name, std::size_t stage) {
  return "model \"" + name + "\" (" MODULES_DIR "/" + name + ".pt), stage " +
         std::to_string(stage) + ": ";
}

/// The error of the last of `stages` stages.
std::string run_error(const std::string& name, std::size_t stages = 1) {
  const auto module = load(spec(name, name.starts_with("Anytime") ? 3 : 1));
  const Burst input = burst(items);
  module->start(input);
  for (std::size_t stage = 1; stage < stages; ++stage) module->run_stage(stage);
  try {
    module->run_stage(stages);
  } catch (const ModuleError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("LibTorch, BLAS and OpenMP are loaded when a model is needed, not before", "[torch]") {
  for (const char* name : {"torch", "blas", "gomp", "omp.so", "mkl"})
    CHECK_FALSE(any_contains(libraries_at_start, name));
  runtime(1);
  CHECK(any_contains(loaded_libraries(), "libtorch"));
}

TEST_CASE("threads come from the caller, not from the environment", "[torch]") {
  const RuntimeInfo info = runtime(1).info();
  CHECK(info.torch_threads == 1);
  CHECK(info.blas_threads <= 1);
  CHECK(getenv("OMP_NUM_THREADS") == std::string("1"));
  CHECK(getenv("OPENBLAS_NUM_THREADS") == std::string("1"));
  CHECK(getenv("OMP_WAIT_POLICY") == std::string("PASSIVE"));
  CHECK_THROWS_AS(runtime(2), std::logic_error);
}

TEST_CASE("the runtime says what it is", "[torch]") {
  const RuntimeInfo info = runtime(1).info();
  CHECK_THAT(info.libtorch_version, Catch::Matchers::Matches("[0-9]+\\.[0-9]+.*"));
  CHECK(info.libtorch_version == info.libtorch_build_version);
  CHECK_THAT(info.cpu_capability, Catch::Matchers::Matches("[A-Z0-9 ]+"));
  CHECK(info.executor == "profiling");
  CHECK_FALSE(info.fuser);
  CHECK_FALSE(info.blas.empty());
  if (info.blas_threads > 0) CHECK_THAT(info.blas, Contains("OpenBLAS"));
  if (info.blas_is_reference) CHECK(info.blas_threads == 0);
}

TEST_CASE("a traditional module gives its logits, in eval mode", "[torch]") {
  const auto module = load(spec("Identity"));
  CHECK(module->stages() == 1);
  const Burst two_items = burst(items);
  module->start(two_items);
  CHECK(logits(*module, 1) == items);
  CHECK(module->carried() == nullptr);
  const std::vector<float> one{5.f, 6.f, 7.f, 8.f};
  const Burst one_item = burst(one);
  module->start(one_item);
  CHECK(logits(*module, 1) == one);
}

TEST_CASE("logits are contiguous whatever the module gives", "[torch]") {
  const auto module = load(spec("Transposed"));
  const Burst input = burst(items);
  module->start(input);
  CHECK(logits(*module, 1) == items);
}

TEST_CASE("a module that writes to its input changes nobody else's", "[torch]") {
  const auto module = load(spec("InPlace"));
  const Burst input = burst(items);
  for (int repeat = 0; repeat < 2; ++repeat) {
    module->start(input);
    CHECK(logits(*module, 1) == items);
  }
  CHECK(std::get<std::vector<float>>(input.values) == items);
}

TEST_CASE("an anytime module goes from stage to stage, and starts anew with each input",
          "[torch]") {
  const auto module = load(spec("Anytime", 3));
  CHECK(module->stages() == 3);
  const Burst input = burst(items);
  module->start(input);
  CHECK(logits(*module, 1) == items);
  CHECK(logits(*module, 2) == times(2.f, items));
  const std::vector<float> other = times(10.f, items);
  const Burst others = burst(other);
  module->start(others);
  CHECK(logits(*module, 1) == other);
  CHECK(logits(*module, 2) == times(2.f, other));
  CHECK(logits(*module, 3) == times(3.f, other));
}

TEST_CASE("files that are no TorchScript module of their kind", "[torch]") {
  const auto file = [](const ModelSpec& model) { return model.file.string(); };
  for (const char* name : {"Text", "Weights", "Absent"})
    CHECK_THAT(load_error(spec(name)),
               Catch::Matchers::StartsWith(file(spec(name)) + ": not a TorchScript module: "));

  ModelSpec model = spec("Anytime");
  model.kind = alert::ModelKind::traditional;
  CHECK(load_error(model) ==
        file(model) + ": has no method \"forward\", which traditional modules need");
  model = spec("Identity");
  model.kind = alert::ModelKind::anytime;
  CHECK(load_error(model) == file(model) + ": has no method \"start\", which anytime modules need");
  model = spec("AnytimeUncounted", 3);
  CHECK(load_error(model) ==
        file(model) + ": has no method \"num_stages\", which anytime modules need");
}

TEST_CASE("modules with another number of stages than the suite says", "[torch]") {
  ModelSpec model = spec("Anytime", 2);
  CHECK(load_error(model) ==
        model.file.string() +
            ": num_stages() gives 3, but suite.json has 2 accuracies of \"Anytime\"");
  model = spec("AnytimeFloatStages", 3);
  CHECK_THAT(load_error(model), Contains("num_stages() gives 3."));
}

TEST_CASE("modules that throw", "[torch]") {
  CHECK_THAT(run_error("Throws"),
             Catch::Matchers::StartsWith(named("Throws", 1)) && Contains("not to my taste"));
  CHECK(run_error("AnytimeThrows", 1) == "no error");
  CHECK_THAT(
      run_error("AnytimeThrows", 2),
      Catch::Matchers::StartsWith(named("AnytimeThrows", 2)) && Contains("only one stage works"));
}

TEST_CASE("of what LibTorch says, the reason is told", "[torch]") {
  CHECK(run_error("Throws") ==
        named("Throws", 1) + "builtins.ValueError: this input is not to my taste");
  CHECK(run_error("ThrowsTwoLines") ==
        named("ThrowsTwoLines", 1) + "builtins.ValueError: too many items, be content with one");
  CHECK(run_error("Traced") ==
        named("Traced", 1) + "RuntimeError: shape '[1, 4]' is invalid for input of size 8");
  CHECK_THAT(run_error("NoSuchDevice"), Contains("Could not run 'aten::") &&
                                            Contains("from the 'CUDA' backend") &&
                                            !Contains("registered at"));
}

TEST_CASE("logits that are none", "[torch]") {
  CHECK(run_error("NotFinite") ==
        named("NotFinite", 1) + "gave logits that are not finite numbers");
  CHECK(run_error("WrongShape") == named("WrongShape", 1) +
                                       "gave Float logits of shape [2, 3], not Float of shape "
                                       "[2, 4]");
  CHECK(run_error("WrongType") == named("WrongType", 1) +
                                      "gave Double logits of shape [2, 4], not Float of shape "
                                      "[2, 4]");
  CHECK_THAT(run_error("NotATensor"), Catch::Matchers::StartsWith(named("NotATensor", 1)));
}

/// Logits of sequential.py's modules: what was read by each stage, then the sentence's last word.
std::vector<float> read_words(Module& module, const std::vector<std::int64_t>& words,
                              const ModuleState& carried, std::size_t stages = 1) {
  Burst input{words, {1, words.size()}, {}};
  module.start(input, carried);
  std::vector<float> last;
  for (std::size_t stage = 1; stage <= stages; ++stage) last = logits(module, stage);
  // What is carried must not lie in the input's memory, which is used anew.
  std::get<std::vector<std::int64_t>>(input.values).assign(words.size(), -1);
  return last;
}

TEST_CASE("a sequential module reads on from what it is given, and leaves that as it was",
          "[torch]") {
  const auto module = runtime(1).load(spec("Sequential"), suite_of(TextFiles()));
  CHECK(read_words(*module, {1}, nullptr) == std::vector{1.f, 1.f, 0.f, 0.f});
  const ModuleState one = module->carried();
  for (int repeat = 0; repeat < 2; ++repeat)  // 2 words new, 3 words in all
    CHECK(read_words(*module, {1, 7, 9}, one) == std::vector{2.f, 9.f, 1.f, 0.f});
  CHECK(read_words(*module, {1, 7, 9, 2}, module->carried()) == std::vector{1.f, 2.f, 9.f, 0.f});
  CHECK(read_words(*module, {1, 7}, nullptr) == std::vector{2.f, 7.f, 0.f, 0.f});
}

TEST_CASE("a sequential module that writes to what is carried changes nobody else's", "[torch]") {
  const auto module = runtime(1).load(spec("SequentialInPlace"), suite_of(TextFiles()));
  CHECK(read_words(*module, {1, 7}, nullptr)[0] == 0.f);
  const ModuleState two = module->carried();
  for (int repeat = 0; repeat < 2; ++repeat) CHECK(read_words(*module, {1, 7, 9}, two)[0] == 2.f);
}

TEST_CASE("a sequential anytime module's stages read on by themselves", "[torch]") {
  const auto module = runtime(1).load(spec("AnytimeSequential", 2), suite_of(TextFiles()));
  CHECK(read_words(*module, {1}, nullptr, 2) == std::vector{1.f, 1.f, 1.f, 0.f});
  CHECK(read_words(*module, {1, 5}, module->carried(), 1) == std::vector{1.f, 5.f, 0.f, 0.f});
  // The second stage was left out once, and has two words to read.
  CHECK(read_words(*module, {1, 5, 6}, module->carried(), 2) == std::vector{1.f, 6.f, 2.f, 0.f});
}

TEST_CASE("tensors as torch.save writes them", "[torch]") {
  const auto floats = runtime(1).load_tensor(MODULES_DIR "/floats.tensor");
  CHECK(floats.shape == std::vector<std::size_t>{2, 2});
  CHECK(std::get<std::vector<float>>(floats.values) == std::vector{1.f, 2.f, 3.f, 4.f});
  const auto integers = runtime(1).load_tensor(MODULES_DIR "/integers.tensor");
  CHECK(integers.shape == std::vector<std::size_t>{3});
  CHECK(std::get<std::vector<std::int64_t>>(integers.values) == std::vector<std::int64_t>{0, 2, 1});
  CHECK_THROWS_WITH(runtime(1).load_tensor(MODULES_DIR "/doubles.tensor"), MODULES_DIR
                    "/doubles.tensor: must be a tensor of float32 or int64, is of "
                    "Double");
  for (const char* file : {"/Text.pt", "/Weights.pt", "/absent"})
    CHECK_THROWS_WITH(
        runtime(1).load_tensor(std::string(MODULES_DIR) + file),
        Catch::Matchers::StartsWith(std::string(MODULES_DIR) + file + ": not a tensor as "));
}

TEST_CASE("the share answered rightly; the first of equal logits is the answer") {
  const std::vector<float> logits{1.f,  3.f,  2.f,  //
                                  5.f,  5.f,  0.f,  //
                                  -3.f, -2.f, -1.f};
  const auto share = [&](std::vector<std::uint32_t> labels) {
    return share_correct(logits, labels);
  };
  CHECK(share({1, 0, 2}) == 1.0);
  CHECK(share({1, 1, 2}) == 2.0 / 3.0);
  CHECK(share({0, 1, 1}) == 0.0);
}
