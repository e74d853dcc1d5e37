// TorchScript modules through LibTorch. This file alone is libalert-bench-torch.
#include "suite/torch_runtime.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.hpp"

namespace bench {
namespace {

std::string reason(const std::exception& error) {
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error))
    return torch_error->what_without_backtrace();
  return error.what();
}

class TorchModule : public Module {
 public:
  TorchModule(const ModelSpec& model, std::size_t classes)
      : name_(model.name), stages_(model.accuracy.size()), classes_(classes) {}

  std::size_t stages() const final { return stages_; }

  void start(std::span<const float> items, std::span<const std::size_t> shape) final {
    const c10::InferenceMode inference;
    const c10::DimVector sizes(shape.begin(), shape.end());
    input_ = torch::from_blob(const_cast<float*>(items.data()), sizes);
  }

  std::span<const float> run_stage(std::size_t stage) final {
    const c10::InferenceMode inference;
    try {
      logits_ = run(input_, stage).contiguous();
    } catch (const std::exception& error) {
      fail(stage, reason(error));
    }
    const std::vector<std::int64_t> expected = {input_.size(0),
                                                static_cast<std::int64_t>(classes_)};
    if (logits_.scalar_type() != torch::kFloat32 || logits_.sizes() != expected)
      fail(stage, fmt::format("gave {} logits of shape {}, not Float of shape {}",
                              c10::toString(logits_.scalar_type()), c10::str(logits_.sizes()),
                              c10::str(c10::IntArrayRef(expected))));
    const std::span<const float> logits(logits_.data_ptr<float>(),
                                        static_cast<std::size_t>(logits_.numel()));
    if (!std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); }))
      fail(stage, "gave logits that are not finite numbers");
    return logits;
  }

 protected:
  virtual torch::Tensor run(const torch::Tensor& input, std::size_t stage) = 0;

 private:
  [[noreturn]] void fail(std::size_t stage, std::string_view message) const {
    throw std::runtime_error(fmt::format("model \"{}\", stage {}: {}", name_, stage, message));
  }

  std::string name_;
  std::size_t stages_;
  std::size_t classes_;
  torch::Tensor input_;
  torch::Tensor logits_;
};

[[noreturn]] void refuse(const ModelSpec& model, std::string_view message) {
  throw InputError(fmt::format("{}: {}", model.file.string(), message));
}

torch::jit::Module load_script(const ModelSpec& model) {
  try {
    torch::jit::Module script = torch::jit::load(model.file.string(), torch::kCPU);
    script.eval();
    return script;
  } catch (const std::exception& error) {
    refuse(model, "not a TorchScript module: " + reason(error));
  }
}

torch::jit::Method find_method(const torch::jit::Module& script, const ModelSpec& model,
                               const std::string& name) {
  if (auto method = script.find_method(name)) return *method;
  refuse(model, fmt::format("has no method \"{}\", which {} modules need", name,
                            model.kind == alert::ModelKind::anytime ? "anytime" : "traditional"));
}

class TraditionalModule final : public TorchModule {
 public:
  TraditionalModule(const torch::jit::Module& script, const ModelSpec& model, std::size_t classes)
      : TorchModule(model, classes), forward_(find_method(script, model, "forward")) {}

 private:
  torch::Tensor run(const torch::Tensor& input, std::size_t) override {
    return forward_({input}).toTensor();
  }

  torch::jit::Method forward_;
};

class AnytimeModule final : public TorchModule {
 public:
  AnytimeModule(const torch::jit::Module& script, const ModelSpec& model, std::size_t classes)
      : TorchModule(model, classes),
        start_(find_method(script, model, "start")),
        stage_(find_method(script, model, "stage")) {
    const torch::IValue found = find_method(script, model, "num_stages")({});
    if (!found.isInt() || found.toInt() != static_cast<std::int64_t>(stages()))
      refuse(model, fmt::format("num_stages() gives {}, but suite.json has {} accuracies of \"{}\"",
                                c10::str(found), stages(), model.name));
  }

 private:
  torch::Tensor run(const torch::Tensor& input, std::size_t stage) override {
    if (stage == 1) state_ = start_({input});
    const auto result = stage_({static_cast<std::int64_t>(stage), std::move(state_)}).toTuple();
    state_ = result->elements().at(1);
    return result->elements().at(0).toTensor();
  }

  torch::jit::Method start_;
  torch::jit::Method stage_;
  torch::IValue state_;  ///< what the last stage left for the next
};

template <typename Function>
Function* find_function(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

/// The BLAS is the library that LibTorch's calls of sgemm_ end in. OpenBLAS may be loaded and yet
/// not be the one, so its functions are looked for in that library and what it depends on.
void describe_blas(RuntimeInfo& info) {
  Dl_info sgemm;
  void* symbol = dlsym(RTLD_DEFAULT, "sgemm_");
  if (!symbol || !dladdr(symbol, &sgemm)) {
    info.blas = at::hasMKL() ? "MKL" : "unknown";  // linked into LibTorch
    return;
  }
  void* library = dlopen(sgemm.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (const auto config = find_function<char*()>(library, "openblas_get_config")) {
    info.blas = config();
    info.blas_threads =
        static_cast<std::size_t>(find_function<int()>(library, "openblas_get_num_threads")());
    return;
  }
  const auto file = std::filesystem::canonical(sgemm.dli_fname);
  info.blas = file.string();
  // The reference BLAS alone has this version in its file name; all that may take the place of
  // libblas.so.3 have none, or a name of their own.
  info.blas_is_reference = file.filename().string().starts_with("libblas.so.3.");
}

class TorchRuntime final : public Runtime {
 public:
  explicit TorchRuntime(std::size_t threads) {
    at::set_num_threads(static_cast<int>(threads));
    at::set_num_interop_threads(1);
    info_.libtorch_version = TORCH_VERSION;
    info_.torch_threads = static_cast<std::size_t>(at::get_num_threads());
    describe_blas(info_);
  }

  RuntimeInfo info() const override { return info_; }

  std::unique_ptr<Module> load(const ModelSpec& model, std::size_t classes) const override {
    const torch::jit::Module script = load_script(model);
    if (model.kind == alert::ModelKind::anytime)
      return std::make_unique<AnytimeModule>(script, model, classes);
    return std::make_unique<TraditionalModule>(script, model, classes);
  }

 private:
  RuntimeInfo info_;
};

}  // namespace
}  // namespace bench

const bench::Runtime* make_torch_runtime(std::size_t threads) {
  static const bench::TorchRuntime runtime(threads);
  return &runtime;
}
