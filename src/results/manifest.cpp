#include "results/manifest.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/sha256.hpp"
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

Json to_json(const SourceInfo& info, const std::string& reason) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  return {{"name", info.name},
          {"source", to_string(info.source)},
          {"update_interval_s", optional(info.update_interval_s)},
          {"resolution", optional(info.resolution)},
          {"description", info.description},
          {"reason", reason}};
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
               {"seed", config.inputs.seed},
               {"config", config.document}};
  folder_.write("manifest.json", document_);
}

Manifest::~Manifest() {
  if (closed_) return;
  try {
    close("failed");
  } catch (...) {  // the error that brought us here is the one to report
  }
}

void Manifest::set(const std::string& key, Json value) {
  document_[key] = std::move(value);
  folder_.write("manifest.json", document_);
}

void Manifest::describe(const Rig& rig) {
  const RuntimeInfo& info = rig.runtime_info();
  document_["versions"]["libtorch"] = info.libtorch_version;
  document_["versions"]["blas"] = info.blas;
  document_["threads"] = {{"libtorch", info.torch_threads}, {"blas", info.blas_threads}};
  const Platform& platform = rig.platform();
  document_["energy_source"] = to_string(platform.meter->info().source);
  document_["platform"] = {{"name", platform.spec.name},
                           {"limiter", to_json(platform.limiter->info(), platform.limiter_reason)},
                           {"meter", to_json(platform.meter->info(), platform.meter_reason)}};
  Json hashes = Json::object();
  for (const ModelSpec& model : rig.suite().models) hashes[model.name] = model.sha256;
  document_["sha256"] = std::move(hashes);
  Json warm_ups = Json::array();
  for (const WarmUp& warm_up : rig.warm_ups())
    warm_ups.push_back({{"model", warm_up.model},
                        {"first_latency_s", rounded(warm_up.first_s)},
                        {"last_latency_s", rounded(warm_up.last_s)}});
  set("warm_up", std::move(warm_ups));
}

void Manifest::close(const std::string& status) {
  closed_ = true;
  document_["status"] = status;
  document_["finished_at"] = now_utc();
  folder_.write("manifest.json", document_);
}

}  // namespace bench
