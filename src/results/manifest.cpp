#include "results/manifest.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "platform/load.hpp"
#include "version.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

std::string now_utc() {
  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

std::string processor_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "unknown";
}

Json machine() {
  utsname system{};
  uname(&system);
  const CpuShare share = cpu_share();
  return {{"processor", processor_name()},
          {"cores", share.cores},
          {"allowed_cores", share.allowed_cores},
          {"cpu_quota_cores", share.quota_cores ? Json(*share.quota_cores) : Json(nullptr)},
          {"memory_bytes", sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)},
          {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)}};
}

}  // namespace

Manifest::Manifest(const ResultsFolder& folder, const Config& config) : folder_(folder) {
  document_ = {{"schema_version", schema_version},
               {"name", config.name},
               {"status", "running"},
               {"started_at", now_utc()},
               {"finished_at", nullptr},
               {"versions", {{"alert-bench", version}, {"compiler", __VERSION__}}},
               {"machine", machine()},
               {"seed", config.document.contains("inputs") ? Json(config.inputs.seed) : Json()},
               {"config", config.document}};
  folder_.keep_reserve();
  folder_.write("manifest.json", document_);
}

Manifest::~Manifest() {
  if (closed_) return;
  try {
    close("failed");
  } catch (...) {  // the error that brought us here is the one to report
  }
}

void Manifest::add(const Json& fields) {
  document_.update(fields, true);
  folder_.write("manifest.json", document_);
}

void Manifest::close(const std::string& status) {
  closed_ = true;
  document_["status"] = status;
  document_["finished_at"] = now_utc();
  folder_.release_reserve();
  folder_.write("manifest.json", document_);
}

}  // namespace bench
