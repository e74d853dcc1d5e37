#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "contention/spec.hpp"
#include "platform/backends.hpp"
#include "platform/load.hpp"
#include "platform/platform.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "suite/suite.hpp"

namespace bench::cli {
namespace {

namespace fs = std::filesystem;

Finding check_libtorch() {
  try {
    const RuntimeInfo info = runtime(1).info();
    Finding finding{
        true, "LibTorch",
        fmt::format("{}; kernels: {}; TorchScript: {} executor, fuser {}; BLAS: {}; held to {} "
                    "LibTorch and {} BLAS thread(s)",
                    info.libtorch_version, info.cpu_capability, info.executor,
                    info.fuser ? "on" : "off", info.blas, info.torch_threads, info.blas_threads),
        ""};
    if (info.libtorch_version != info.libtorch_build_version)
      finding.text += fmt::format("; alert-bench was built with {}: build it again",
                                  info.libtorch_build_version);
    if (info.blas_is_reference) {
      finding.text += "; the reference BLAS makes inference 3 to 5 times slower";
      finding.remedy = "apt-get install libopenblas0-pthread";
    }
    return finding;
  } catch (const MachineError& error) {
    return {false, "LibTorch", error.what(), "apt-get install libtorch-dev libopenblas0-pthread"};
  }
}

Finding check_dataset(const fs::path& folder) {
  const std::string what = "suite " + folder.string();
  try {
    const Suite suite = read_suite(folder);
    const auto dataset = open_dataset(suite, 1);
    return {true, what, fmt::format("{} models, {} items", suite.models.size(), dataset->size()),
            ""};
  } catch (const std::exception& error) {  // the message names the remedy
    return {false, what, error.what(), ""};
  }
}

std::vector<Finding> check_suites() {
  std::vector<Finding> findings;
  if (!fs::is_directory("models")) return findings;
  for (const auto& entry : fs::directory_iterator("models"))
    if (fs::exists(entry.path() / "suite.json")) findings.push_back(check_dataset(entry.path()));
  return findings;
}

/// What the platform's `auto` would take here.
Finding check_platform(const fs::path& file) {
  const PlatformSpec spec = read_platform(file);
  const std::string what = "platform " + spec.name;
  try {
    const Platform platform = open_platform(spec, [] { return 0.0; });
    return {true, what,
            fmt::format("limiter {} ({}); meter {} ({}); energy is {}", platform.spec.limiter,
                        platform.limiter_reason, platform.spec.meter, platform.meter_reason,
                        to_string(platform.meter->info().source)),
            ""};
  } catch (const MachineError& error) {
    return {false, what, error.what(), ""};
  }
}

Finding check_cpu_share() {
  const CpuShare share = cpu_share();
  return {share.whole(), "CPU", to_string(share), ""};
}

/// Watches for a moment.
Finding check_load() {
  const LoadWatch watch("now", [] { return 0.0; });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const MachineLoad load = watch.end();
  const std::string found = disturbance(load);
  if (found.empty())
    return {true, "quiet", fmt::format("other work used {:.2f} cores", load.other_cores), ""};
  return {false, "quiet",
          fmt::format("in {:.1f} s {}; what is measured beside it is no result", load.duration_s,
                      found),
          ""};
}

std::vector<Finding> check_all(const fs::path& platform) {
  std::vector<Finding> findings = {check_libtorch()};
  const fs::path sysfs = platform.empty() ? PlatformSpec{}.sysfs : read_platform(platform).sysfs;
  for (auto& finding : probe_backends(sysfs)) findings.push_back(std::move(finding));
  if (!platform.empty()) findings.push_back(check_platform(platform));

  const std::size_t cores = std::thread::hardware_concurrency();
  findings.push_back({true, "contention",
                      fmt::format("{} cores; memory: {}", cores, memory_array_size(cores).reason),
                      ""});
  findings.push_back(check_cpu_share());
  findings.push_back(check_load());
  for (auto& finding : check_suites()) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  auto* command = app.add_subcommand(
      "doctor", "Tell what is usable on this machine, and how to get what is not");
  auto platform = std::make_shared<fs::path>();
  command->add_option("--platform", *platform, "Tell also what this platform file would use here");
  command->callback([&status, platform] {
    const auto findings = check_all(*platform);
    for (const auto& [usable, what, text, remedy] : findings) {
      print(fmt::format("{} {:<24} {}\n", usable ? "ok" : "--", printable(what), printable(text)));
      if (!remedy.empty()) print(fmt::format("   {:<24} run: {}\n", "", remedy));
    }
    // Without LibTorch only replay works; a platform that is asked for must work.
    const auto needed = [](const Finding& finding) {
      return finding.what == "LibTorch" || finding.what.starts_with("platform ");
    };
    if (std::ranges::any_of(findings, [&](const Finding& f) { return needed(f) && !f.usable; }))
      status = 1;
  });
}

}  // namespace bench::cli
