#include "machine/description.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

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

Json description_of(const Rig& rig) {
  const RuntimeInfo& info = rig.runtime_info();
  const Platform& platform = rig.platform();
  Json hashes = Json::object();
  for (const ModelSpec& model : rig.suite().models) hashes[model.name] = model.sha256;
  Json warm_ups = Json::array();
  for (const WarmUp& warm_up : rig.warm_ups())
    warm_ups.push_back({{"model", warm_up.model},
                        {"first_latency_s", rounded(warm_up.first_s)},
                        {"last_latency_s", rounded(warm_up.last_s)}});
  return {{"versions",
           {{"libtorch", info.libtorch_version},
            {"libtorch_build", info.libtorch_build_version},
            {"blas", info.blas}}},
          {"threads", {{"libtorch", info.torch_threads}, {"blas", info.blas_threads}}},
          {"torchscript",
           {{"executor", info.executor},
            {"fuser", info.fuser},
            {"cpu_capability", info.cpu_capability}}},
          {"energy_source", to_string(rig.energy_source())},
          {"platform",
           {{"name", platform.spec.name},
            {"limiter", to_json(platform.limiter->info(), platform.limiter_reason)},
            {"meter", to_json(platform.meter->info(), platform.meter_reason)}}},
          {"sha256", std::move(hashes)},
          {"warm_up", std::move(warm_ups)}};
}

}  // namespace bench
