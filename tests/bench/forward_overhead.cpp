// What suite/runtime.hpp adds to a bare module.forward() on the same file: the two in turns, so
// that both meet the same machine. Run it with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1: here,
// unlike in alert-bench, LibTorch is loaded before runtime() can set them.
#include <fmt/format.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <numeric>

#include "suite/dataset.hpp"
#include "suite/runtime.hpp"

namespace {

constexpr std::size_t burst = 16;
constexpr std::size_t warmup = 20;
constexpr std::size_t pairs = 500;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

double seconds_of(auto&& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void measure(const std::filesystem::path& folder, const std::string& name) {
  const bench::Suite suite = bench::read_suite(folder);
  const auto model = std::ranges::find(suite.models, name, &bench::ModelSpec::name);
  if (model == suite.models.end() || model->kind != alert::ModelKind::traditional)
    throw std::runtime_error(fmt::format("the suite has no traditional model \"{}\"", name));

  std::vector<std::size_t> indices(burst);
  std::iota(indices.begin(), indices.end(), suite.data.evaluation.first);
  const bench::Burst input = bench::open_dataset(suite, 1)->burst(indices, 0);

  const bench::Runtime& runtime = bench::runtime(1);
  const auto module = runtime.load(*model, suite);
  // In two, as the harness does it: what is handed over is copied before the clock starts.
  const auto hand_over = [&] { module->start(input); };
  const auto harness = [&] { module->run_stage(1); };

  const c10::InferenceMode inference;
  torch::jit::Module script = torch::jit::load(model->file.string(), torch::kCPU);
  script.eval();
  auto values = std::get<std::vector<float>>(input.values);
  const torch::Tensor tensor =
      torch::from_blob(values.data(), c10::DimVector(input.shape.begin(), input.shape.end()));
  const auto bare = [&] { script.forward({tensor}); };

  std::vector<double> bare_s, hand_over_s, harness_s, ratios;
  for (std::size_t i = 0; i < warmup + pairs; ++i) {
    double bare_now_s = 0.0;
    if (i % 2 == 0) bare_now_s = seconds_of(bare);
    const double hand_over_now_s = seconds_of(hand_over);
    const double harness_now_s = seconds_of(harness);
    if (i % 2 == 1) bare_now_s = seconds_of(bare);
    if (i < warmup) continue;
    bare_s.push_back(bare_now_s);
    hand_over_s.push_back(hand_over_now_s);
    harness_s.push_back(harness_now_s);
    ratios.push_back(harness_now_s / bare_now_s);
  }
  const bench::RuntimeInfo info = runtime.info();
  fmt::print("LibTorch {}, {} thread(s); {}, {} thread(s)\n", info.libtorch_version,
             info.torch_threads, info.blas, info.blas_threads);
  fmt::print(
      "{} x {}, medians of {} pairs: bare {:.1f} us, harness {:.1f} us, ratio {:.4f}; "
      "before the clock starts, {:.1f} us to hand over\n",
      name, burst, pairs, median(bare_s) * 1e6, median(harness_s) * 1e6, median(ratios),
      median(hand_over_s) * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: forward-overhead SUITE MODEL\n";
    return 2;
  }
  try {
    measure(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
