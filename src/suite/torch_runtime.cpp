// TorchScript modules through LibTorch. This file alone is libalert-bench-torch.
#include "suite/torch_runtime.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "base/error.hpp"

namespace bench {
namespace {

/// What tells of LibTorch's text, in one line. TorchScript puts the code that failed before it, the
/// dispatcher lists of what it has behind it.
std::string reason(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
  if (const std::size_t trace = text.rfind("Traceback of TorchScript"); trace != text.npos) {
    static const std::regex exception("\n[A-Za-z_][A-Za-z_0-9.]*: ");  // the code is indented
    std::smatch match;
    if (std::regex_search(text.cbegin() + static_cast<std::ptrdiff_t>(trace), text.cend(), match,
                          exception))
      text.erase(text.begin(), match[0].first);
  } else if (text.find("<--- HERE") != text.npos) {
    text.erase(std::min(text.find(":\n"), text.size()));  // its parser puts the code behind
  }
  text.erase(0, text.find_first_not_of(" \n"));
  text.erase(std::min(text.find("\n\n"), text.size()));
  std::ranges::replace(text, '\n', ' ');
  constexpr std::size_t longest = 300;
  if (text.size() > longest) text = text.substr(0, text.rfind(' ', longest)) + " ...";
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

using States = c10::List<torch::Tensor>;

/// Of the tensors too: a module that works in place must not change what others are given.
States deep_copy(const States& states) {
  States copy;
  copy.reserve(states.size());
  for (std::size_t i = 0; i < states.size(); ++i) copy.push_back(states.get(i).clone());
  return copy;
}

/// A view of the values, which must outlive it.
torch::Tensor view_of(const Values& values, std::span<const std::size_t> shape) {
  const c10::DimVector sizes(shape.begin(), shape.end());
  return std::visit(
      [&]<typename T>(const std::vector<T>& numbers) {
        return torch::from_blob(const_cast<T*>(numbers.data()), sizes,
                                c10::CppTypeToScalarType<T>::value);
      },
      values);
}

class TorchModule : public Module {
 public:
  TorchModule(const ModelSpec& model, const Suite& suite, torch::Device device)
      : name_(fmt::format("model \"{}\" ({})", model.name, model.file.string())),
        stages_(model.accuracy.size()),
        classes_(suite.classes),
        sequential_(suite.data.sequential()),
        device_(device) {}

  std::size_t stages() const final { return stages_; }

  void start(const Burst& burst, const ModuleState& carried) final {
    const c10::InferenceMode inference;
    items_ = static_cast<std::int64_t>(burst.shape.front());
    input_ = view_of(burst.values, burst.shape).clone();
    carried_ = carried ? deep_copy(*static_cast<const States*>(carried.get())) : States();
    if (device_.is_cuda()) torch::cuda::synchronize();
  }

  ModuleState carried() const final {
    const c10::InferenceMode inference;
    return sequential_ ? std::make_shared<const States>(deep_copy(carried_)) : nullptr;
  }

  std::span<const float> run_stage(std::size_t stage) final {
    const c10::InferenceMode inference;
    try {
      if (stage == 1) input_ = input_.to(device_);
      logits_ = run(input_, stage).to(torch::kCPU).contiguous();
      // The next stage's state may still be under way.
      if (device_.is_cuda()) torch::cuda::synchronize();
    } catch (const std::exception& error) {
      fail(stage, reason(error));
    }
    const std::vector<std::int64_t> expected = {items_, static_cast<std::int64_t>(classes_)};
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

  bool sequential() const { return sequential_; }

  States carried_;  ///< from an earlier input of the group, then for the next one

 private:
  [[noreturn]] void fail(std::size_t stage, std::string_view message) const {
    throw ModuleError(fmt::format("{}, stage {}: {}", name_, stage, message));
  }

  std::string name_;  // and file, for messages
  std::size_t stages_;
  std::size_t classes_;
  bool sequential_;
  torch::Device device_;
  std::int64_t items_ = 0;  // a sentence's input is one item, however many words it has
  torch::Tensor input_;     // a copy
  torch::Tensor logits_;
};

[[noreturn]] void refuse(const ModelSpec& model, std::string_view message) {
  throw InputError(fmt::format("{}: {}", model.file.string(), message));
}

torch::jit::Module load_script(const ModelSpec& model, torch::Device device) {
  try {
    torch::jit::Module script = torch::jit::load(model.file.string(), device);
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
  TraditionalModule(const torch::jit::Module& script, const ModelSpec& model, const Suite& suite,
                    torch::Device device)
      : TorchModule(model, suite, device), forward_(find_method(script, model, "forward")) {}

 private:
  torch::Tensor run(const torch::Tensor& input, std::size_t) override {
    if (!sequential()) return forward_({input}).toTensor();
    const auto result = forward_({input, std::move(carried_)}).toTuple();
    carried_ = result->elements().at(1).toTensorList();
    return result->elements().at(0).toTensor();
  }

  torch::jit::Method forward_;
};

class AnytimeModule final : public TorchModule {
 public:
  AnytimeModule(const torch::jit::Module& script, const ModelSpec& model, const Suite& suite,
                torch::Device device)
      : TorchModule(model, suite, device),
        start_(find_method(script, model, "start")),
        stage_(find_method(script, model, "stage")) {
    const torch::IValue found = find_method(script, model, "num_stages")({});
    if (!found.isInt() || found.toInt() != static_cast<std::int64_t>(stages()))
      refuse(model, fmt::format("num_stages() gives {}, but suite.json has {} accuracies of \"{}\"",
                                c10::str(found), stages(), model.name));
  }

 private:
  torch::Tensor run(const torch::Tensor& input, std::size_t stage) override {
    if (stage == 1)
      carried_ =
          (sequential() ? start_({input, std::move(carried_)}) : start_({input})).toTensorList();
    const auto result = stage_({static_cast<std::int64_t>(stage), std::move(carried_)}).toTuple();
    carried_ = result->elements().at(1).toTensorList();
    return result->elements().at(0).toTensor();
  }

  torch::jit::Method start_;
  torch::jit::Method stage_;
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

/// What follows `name` in LibTorch's description of itself, to the end of the word.
std::string described(const std::string& name) {
  const std::string text = at::show_config();
  const auto found = text.find(name);
  if (found == std::string::npos) return "unknown";
  const auto begin = found + name.size();
  return text.substr(begin, text.find_first_of(",\n", begin) - begin);
}

std::string executor_name() {
  if (!torch::jit::IsNewExecutorEnabled()) return "legacy";
  return torch::jit::getProfilingMode() ? "profiling" : "simple";
}

class TorchRuntime final : public Runtime {
 public:
  explicit TorchRuntime(std::size_t threads) {
    at::set_num_threads(static_cast<int>(threads));
    at::set_num_interop_threads(1);
    // Debian's LibTorch 2.6 hangs in it, and 1.13 has no compiler for it (README, "Build").
    torch::jit::setTensorExprFuserEnabled(false);
    info_.libtorch_version = described("TORCH_VERSION=");
    info_.libtorch_build_version = TORCH_VERSION;
    info_.cpu_capability = described("CPU capability usage: ");
    info_.executor = executor_name();
    info_.fuser = torch::jit::tensorExprFuserEnabled();
    info_.torch_threads = static_cast<std::size_t>(at::get_num_threads());
    describe_blas(info_);
  }

  RuntimeInfo info() const override { return info_; }

  std::unique_ptr<Module> load(const ModelSpec& model, const Suite& suite,
                               const std::string& device_name) const override {
    const torch::Device device(device_name);
    if (device.is_cuda() && !torch::cuda::is_available())
      throw MachineError(
          "device \"cuda\": this LibTorch has no CUDA, or finds no GPU (Debian's has none). Build "
          "with an upstream CUDA LibTorch (cmake -DCMAKE_PREFIX_PATH=/path/to/libtorch), or set "
          "\"device\" to \"cpu\"");
    const torch::jit::Module script = load_script(model, device);
    if (model.kind == alert::ModelKind::anytime)
      return std::make_unique<AnytimeModule>(script, model, suite, device);
    return std::make_unique<TraditionalModule>(script, model, suite, device);
  }

  TensorValues load_tensor(const std::filesystem::path& file) const override {
    torch::Tensor tensor;
    try {
      std::ifstream in(file, std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
      tensor = torch::jit::pickle_load(bytes).toTensor();
    } catch (const std::exception& error) {
      throw InputError(fmt::format("{}: not a tensor as torch.save writes it: {}", file.string(),
                                   reason(error)));
    }
    constexpr std::int64_t most_numbers = std::int64_t{1} << 28;  // a stride of 0 makes many of one
    if (tensor.numel() > most_numbers)
      throw InputError(fmt::format("{}: has {} numbers, and {} are allowed", file.string(),
                                   tensor.numel(), most_numbers));
    tensor = tensor.contiguous();
    TensorValues values;
    for (const std::int64_t size : tensor.sizes())
      values.shape.push_back(static_cast<std::size_t>(size));
    const auto copy = [&]<typename T>(T) {
      values.values = std::vector<T>(tensor.data_ptr<T>(), tensor.data_ptr<T>() + tensor.numel());
    };
    if (tensor.scalar_type() == torch::kFloat32)
      copy(float());
    else if (tensor.scalar_type() == torch::kInt64)
      copy(std::int64_t());
    else
      throw InputError(fmt::format("{}: must be a tensor of float32 or int64, is of {}",
                                   file.string(), c10::toString(tensor.scalar_type())));
    return values;
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
