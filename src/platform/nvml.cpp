#include "platform/nvml.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "base/error.hpp"
#include "platform/sampled_meter.hpp"

namespace bench {
namespace {

constexpr double w_per_mw = 1e-3;
constexpr double most_board_power_w = 2e3;

// What nvml.h says of the functions that are used here.
using Device = struct nvmlDevice_st*;
constexpr int success = 0;
constexpr int not_supported = 3;
constexpr int no_permission = 4;

}  // namespace

/// The loaded library with one board.
class Nvml {
 public:
  /// The board that LibTorch uses, or that with this UUID.
  explicit Nvml(const std::string& uuid = "") : library_(dlopen(nvml_library().c_str(), RTLD_NOW)) {
    if (!library_)
      throw Unusable(fmt::format("the NVIDIA driver's library cannot be loaded: {}", dlerror()),
                     "apt-get install libnvidia-ml1 nvidia-driver (on a machine with such a GPU)");
    try {
      check("nvmlInit_v2", function<int()>("nvmlInit_v2")());
      open_board(uuid);
    } catch (...) {
      close();
      throw;
    }
  }
  ~Nvml() { close(); }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  const std::string& name() const { return name_; }
  const std::string& uuid() const { return uuid_; }

  /// In mJ since the driver was loaded; throws Unusable where the board has no such counter.
  std::uint64_t energy_mj() const {
    unsigned long long value = 0;
    check("nvmlDeviceGetTotalEnergyConsumption", energy_(board_, &value));
    return value;
  }
  bool has_energy_counter() const {
    unsigned long long value = 0;
    return energy_ && energy_(board_, &value) == success;
  }
  std::uint64_t power_mw() const { return get(power_, "nvmlDeviceGetPowerUsage"); }
  std::uint64_t limit_mw() const { return get(limit_, "nvmlDeviceGetPowerManagementLimit"); }
  std::pair<std::uint64_t, std::uint64_t> limit_range_mw() const {
    unsigned least = 0, greatest = 0;
    check("nvmlDeviceGetPowerManagementLimitConstraints",
          function<int(Device, unsigned*, unsigned*)>(
              "nvmlDeviceGetPowerManagementLimitConstraints")(board_, &least, &greatest));
    return {least, greatest};
  }
  void set_limit_mw(std::uint64_t value_mw) const {
    check("nvmlDeviceSetPowerManagementLimit", set_limit_(board_, static_cast<unsigned>(value_mw)));
  }

 private:
  using Get = int(Device, unsigned*);

  template <typename Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }

  template <typename Function>
  Function* function(const char* name) const {
    if (const auto found = find<Function>(name)) return found;
    throw Unusable(fmt::format("the NVIDIA driver's library has no {}: it is too old", name), "");
  }

  void check(const char* what, int code) const {
    if (code == success) return;
    const auto text = find<const char*(int)>("nvmlErrorString");
    throw Unusable(
        fmt::format("{} {}failed: {}", what, name_.empty() ? "" : fmt::format("of {} ", name_),
                    text ? text(code) : fmt::format("error {}", code)),
        code == no_permission   ? "run as root: NVML lets nobody else change a board's power limit"
        : code == not_supported ? ""
                                : "nvidia-smi (it tells what is wrong with the driver)");
  }

  void open_board(const std::string& uuid) {
    const std::string board = uuid.empty() ? first_visible() : uuid;
    unsigned index = 0;
    const auto [end, error] = std::from_chars(board.data(), board.data() + board.size(), index);
    const bool is_index = error == std::errc{} && end == board.data() + board.size();
    const int code =
        is_index ? function<int(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2")(index, &board_)
                 : function<int(const char*, Device*)>("nvmlDeviceGetHandleByUUID")(board.c_str(),
                                                                                    &board_);
    if (code != success)
      throw Unusable(fmt::format("the driver has no GPU \"{}\"{}", board,
                                 uuid.empty() ? ", which CUDA_VISIBLE_DEVICES names" : ""),
                     "");
    char text[96];
    check("nvmlDeviceGetUUID",
          function<int(Device, char*, unsigned)>("nvmlDeviceGetUUID")(board_, text, sizeof text));
    uuid_ = text;
    check("nvmlDeviceGetName",
          function<int(Device, char*, unsigned)>("nvmlDeviceGetName")(board_, text, sizeof text));
    name_ = text;
    energy_ = find<int(Device, unsigned long long*)>("nvmlDeviceGetTotalEnergyConsumption");
    power_ = function<Get>("nvmlDeviceGetPowerUsage");
    limit_ = function<Get>("nvmlDeviceGetPowerManagementLimit");
    set_limit_ = function<int(Device, unsigned)>("nvmlDeviceSetPowerManagementLimit");
  }

  /// The GPU that LibTorch uses: CUDA's first, as an index or a UUID.
  std::string first_visible() const {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    const std::string list = visible ? visible : "0";
    unsigned boards = 1;
    if (const auto count = find<int(unsigned*)>("nvmlDeviceGetCount_v2")) count(&boards);
    const char* order = std::getenv("CUDA_DEVICE_ORDER");
    if (boards > 1 && !list.starts_with("GPU-") && std::string(order ? order : "") != "PCI_BUS_ID")
      throw Unusable(
          fmt::format("there are {} GPUs, which CUDA counts in another order than the driver",
                      boards),
          "export CUDA_DEVICE_ORDER=PCI_BUS_ID");
    return list.substr(0, list.find(','));
  }

  std::uint64_t get(Get* getter, const char* what) const {
    unsigned value = 0;
    check(what, getter(board_, &value));
    return value;
  }

  void close() {
    if (const auto shutdown = find<int()>("nvmlShutdown")) shutdown();
    dlclose(library_);
  }

  void* library_;
  Device board_ = nullptr;
  std::string name_, uuid_;
  int (*energy_)(Device, unsigned long long*) = nullptr;
  Get* power_ = nullptr;
  Get* limit_ = nullptr;
  int (*set_limit_)(Device, unsigned) = nullptr;
};

std::string nvml_library() {
  const char* library = secure_getenv(nvml_library_variable);
  return library ? library : "libnvidia-ml.so.1";
}

std::unique_ptr<Meter> open_nvml_meter() {
  const auto nvml = std::make_shared<const Nvml>();
  const bool counter = nvml->has_energy_counter();
  const std::function<std::uint64_t()> read = [nvml, counter] {
    return counter ? nvml->energy_mj() : nvml->power_mw();
  };
  // An idle board's power hardly changes; 100 ms is the slowest rate that NVML's manual names.
  const auto seen = measure_update_interval(read, 2.0);
  const double interval_s =
      std::max(seen ? seen->interval_s : 0.1, counter ? 0.0 : shortest_power_interval_s);
  std::vector<std::unique_ptr<EnergyGauge>> gauges;
  if (counter)
    gauges.push_back(std::make_unique<EnergyCounter>(
        nvml->name(), UINT64_MAX, [nvml] { return 1000 * nvml->energy_mj(); }, most_board_power_w));
  else
    gauges.push_back(std::make_unique<PowerIntegral>(
        nvml->name(), [nvml] { return w_per_mw * static_cast<double>(nvml->power_mw()); },
        most_board_power_w));
  SourceInfo info{
      .name = "nvml",
      .source = EnergySource::measured,
      .update_interval_s = interval_s,
      .resolution = counter ? std::optional(1e-3) : std::nullopt,
      .description = fmt::format("{} of {} ({})", counter ? "energy counter" : "power, integrated,",
                                 nvml->name(), nvml->uuid())};
  return std::make_unique<SampledMeter>(std::move(info), std::move(gauges),
                                        counter ? 1.0 : interval_s);
}

NvmlLimiter::NvmlLimiter(const PowerCaps& caps)
    : nvml_(std::make_shared<const Nvml>()), before_mw_(nvml_->limit_mw()) {
  const auto [least_mw, greatest_mw] = nvml_->limit_range_mw();
  const double least_w = w_per_mw * static_cast<double>(least_mw);
  const double greatest_w = w_per_mw * static_cast<double>(greatest_mw);
  caps_w_ = caps.over(least_w, greatest_w);
  cap_ = caps_w_.size() - 1;
  for (const double cap_w : caps_w_)
    if (cap_w < least_w || cap_w > greatest_w)
      throw InputError(fmt::format("the power cap of {} W lies outside what {} takes: {} to {} W",
                                   cap_w, nvml_->name(), least_w, greatest_w));
  // Who may not change the limit learns it now: setting the limit in force changes nothing.
  nvml_->set_limit_mw(before_mw_);
}

SourceInfo NvmlLimiter::info() const {
  return {.name = "nvml",
          .source = EnergySource::measured,
          .update_interval_s = std::nullopt,
          .resolution = w_per_mw,
          .description = fmt::format("power limit of {} ({})", nvml_->name(), nvml_->uuid())};
}

std::vector<SavedLimit> NvmlLimiter::limits() const {
  return {GpuLimit{nvml_->uuid(), before_mw_}};
}

void NvmlLimiter::set_cap(std::size_t cap) {
  cap_ = cap;
  const auto wanted_mw = static_cast<std::uint64_t>(std::llround(caps_w_[cap] / w_per_mw));
  nvml_->set_limit_mw(wanted_mw);
  if (const std::uint64_t found_mw = nvml_->limit_mw(); found_mw != wanted_mw)
    throw MachineError(
        fmt::format("{}: the power limit of {} mW did not stick: it reads {} mW. Another program "
                    "(nvidia-smi, DCGM) sets it too; stop that",
                    nvml_->name(), wanted_mw, found_mw));
}

std::uint64_t gpu_power_limit_mw(const std::string& uuid) { return Nvml(uuid).limit_mw(); }

void set_gpu_power_limit_mw(const std::string& uuid, std::uint64_t limit_mw) {
  Nvml(uuid).set_limit_mw(limit_mw);
}

}  // namespace bench
