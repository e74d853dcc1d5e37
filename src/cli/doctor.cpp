#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "contention/contention.hpp"
#include "platform/platform.hpp"
#include "suite/dataset.hpp"
#include "suite/runtime.hpp"
#include "suite/suite.hpp"

namespace bench::cli {
namespace {

namespace fs = std::filesystem;

/// One finding: usable or not, why, and what would make it so.
struct Finding {
  bool usable = false;
  std::string what;
  std::string text;
  std::string remedy;
};

Finding check_libtorch() {
  try {
    const RuntimeInfo info = runtime(1).info();
    Finding finding{
        true, "LibTorch",
        fmt::format("{}; BLAS: {}; held to {} LibTorch and {} BLAS thread(s)",
                    info.libtorch_version, info.blas, info.torch_threads, info.blas_threads),
        ""};
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

/// This version drives the emulated platform only; what the machine has is told all the same.
Finding check_hardware(const std::string& what, bool present, const std::string& where) {
  return {false, what,
          present ? fmt::format("{} is there, but this version does not drive it yet; use an "
                                "emulated platform",
                                where)
                  : fmt::format("{} is not there: this machine (or VM) does not offer it", where),
          ""};
}

std::vector<Finding> check_all() {
  std::vector<Finding> findings = {check_libtorch()};
  findings.push_back(
      {true, "limiter emulated", "needs no privilege; energy is labelled emulated", ""});
  findings.push_back(
      {true, "meter emulated", "power by formula, co-runners by their CPU time", ""});
  findings.push_back(check_hardware("limiter and meter rapl",
                                    fs::exists("/sys/class/powercap/intel-rapl:0"),
                                    "/sys/class/powercap/intel-rapl:0"));
  findings.push_back(check_hardware("limiter cpufreq",
                                    fs::exists("/sys/devices/system/cpu/cpufreq/policy0"),
                                    "/sys/devices/system/cpu/cpufreq/policy0"));
  void* nvml = dlopen("libnvidia-ml.so.1", RTLD_LAZY);
  findings.push_back(
      check_hardware("limiter and meter nvml", nvml != nullptr, "libnvidia-ml.so.1"));
  if (nvml) dlclose(nvml);

  const std::size_t cores = std::thread::hardware_concurrency();
  findings.push_back({true, "contention",
                      fmt::format("{} cores; memory: {}", cores, memory_array_size(cores).reason),
                      ""});
  for (auto& finding : check_suites()) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  auto* command = app.add_subcommand(
      "doctor", "Tell what is usable on this machine, and how to get what is not");
  command->callback([&status] {
    const auto findings = check_all();
    for (const auto& [usable, what, text, remedy] : findings) {
      fmt::print("{} {:<24} {}\n", usable ? "ok" : "--", what, text);
      if (!remedy.empty()) fmt::print("   {:<24} run: {}\n", "", remedy);
    }
    if (!findings.front().usable) status = 1;  // without LibTorch only replay works
  });
}

}  // namespace bench::cli
