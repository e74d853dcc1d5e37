#include "platform/platform.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
using Catch::Matchers::Equals;

namespace {

nlohmann::json valid() {
  return nlohmann::json::parse(R"({
    "schema_version": 1, "name": "p", "limiter": "emulated", "meter": "emulated", "device": "cpu",
    "threads": 2, "power_caps_w": [17, 73],
    "emulated": {"static_power_w": 9, "dynamic_power_w": 64, "idle_power_w": 4, "min_speed": 0.2,
                 "frequency_invariant_share": 0.25}
  })");
}

struct PlatformFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("platform-test-" + std::to_string(getpid()) + ".json");

  explicit PlatformFile(const nlohmann::json& document) { std::ofstream(path) << document; }
  ~PlatformFile() { std::filesystem::remove(path); }
};

PlatformSpec read(const nlohmann::json& document) {
  return read_platform(PlatformFile(document).path);
}

/// The error's text after the file's name, where one value is changed.
std::string error_with(const char* pointer, const nlohmann::json& value) {
  nlohmann::json document = valid();
  document[nlohmann::json::json_pointer(pointer)] = value;
  const PlatformFile file(document);
  try {
    read_platform(file.path);
  } catch (const InputError& error) {
    return std::string(error.what()).substr(file.path.string().size());
  }
  return "accepted";
}

}  // namespace

TEST_CASE("platform: all keys are read") {
  const PlatformSpec spec = read(valid());
  CHECK(spec.name == "p");
  CHECK(spec.limiter == "emulated");
  CHECK(spec.meter == "emulated");
  CHECK(spec.device == "cpu");
  CHECK(spec.threads == 2);
  CHECK(spec.power_caps.values_w == std::vector<double>{17.0, 73.0});
  CHECK(spec.power_model->static_power_w == 9.0);
  CHECK(spec.power_model->dynamic_power_w == 64.0);
  CHECK(spec.power_model->idle_power_w == 4.0);
  CHECK(spec.power_model->min_speed == 0.2);
  CHECK(spec.power_model->frequency_invariant_share == 0.25);
  CHECK(spec.power_model->cores >= 1);
}

TEST_CASE("platform: faults are named with their place") {
  CHECK_THAT(error_with("/schema_version", 2),
             Equals(": /schema_version: this program reads version 1, found 2"));
  CHECK_THAT(error_with("/thread", 1),
             Equals(": /thread: unknown key \"thread\" (did you mean \"threads\"?); allowed: "
                    "\"schema_version\", \"name\", \"limiter\", \"meter\", \"device\", "
                    "\"threads\", \"power_caps_w\", \"emulated\", \"hwmon_sensors\", "
                    "\"sysfs_root\", \"nvml_library\""));
  CHECK_THAT(error_with("/limiter", "rappl"),
             Equals(": /limiter: unknown limiter \"rappl\" (did you mean \"rapl\"?); allowed: "
                    "\"auto\", \"rapl\", \"cpufreq\", \"nvml\", \"emulated\""));
  CHECK_THAT(error_with("/meter", "watts"),
             Equals(": /meter: unknown meter \"watts\"; allowed: \"auto\", \"rapl\", \"hwmon\", "
                    "\"nvml\", \"emulated\""));
  CHECK_THAT(error_with("/device", "gpu"),
             Equals(": /device: unknown device \"gpu\" (did you mean \"cpu\"?); allowed: \"cpu\", "
                    "\"cuda\""));
  CHECK_THAT(error_with("/threads", 0),
             Equals(": /threads: must be a whole number from 1 to 4096, found 0"));
  CHECK_THAT(error_with("/power_caps_w", nlohmann::json::array()),
             Equals(": /power_caps_w: must have at least one power cap"));
  CHECK_THAT(error_with("/power_caps_w/1", 17),
             Equals(": /power_caps_w/1: power caps must ascend, found 17 after 17"));
  CHECK_THAT(error_with("/power_caps_w/0", 0),
             Equals(": /power_caps_w/0: must be above 0, found 0"));
  CHECK_THAT(error_with("/emulated", nullptr),
             Equals(": /emulated: must not be null: leave it out"));
  CHECK_THAT(error_with("/emulated/cores", 2),
             Equals(": /emulated/cores: unknown key \"cores\"; allowed: \"static_power_w\", "
                    "\"dynamic_power_w\", \"idle_power_w\", \"min_speed\", "
                    "\"frequency_invariant_share\""));
  CHECK_THAT(error_with("/emulated/static_power_w", -1),
             Equals(": /emulated/static_power_w: must be at least 0, found -1"));
  CHECK_THAT(error_with("/emulated/dynamic_power_w", 0),
             Equals(": /emulated/dynamic_power_w: must be above 0, found 0"));
  CHECK_THAT(error_with("/emulated/min_speed", 0),
             Equals(": /emulated/min_speed: must lie in [0.01, 1], found 0"));
  CHECK_THAT(error_with("/emulated/frequency_invariant_share", 1.5),
             Equals(": /emulated/frequency_invariant_share: must lie in [0, 1], found 1.5"));
  // 9 + 64 / 8 W at the cap of 17 W.
  CHECK_THAT(error_with("/emulated/idle_power_w", 17),
             Equals(": /emulated/idle_power_w: must be below 17, the busy power at the lowest cap, "
                    "found 17"));
}

TEST_CASE("platform: a file alone cannot name a library to load") {
  CHECK_THAT(error_with("/nvml_library", "/tmp/stranger.so"),
             Equals(": /nvml_library: a platform file alone cannot name a library to load, found "
                    "\"/tmp/stranger.so\": leave it out for the driver's own, or set "
                    "ALERT_BENCH_NVML_LIBRARY to it as well"));
  CHECK(error_with("/nvml_library", "libnvidia-ml.so.1") == "accepted");
  setenv("ALERT_BENCH_NVML_LIBRARY", "/tmp/own.so", 1);
  CHECK(error_with("/nvml_library", "/tmp/own.so") == "accepted");
  CHECK(error_with("/nvml_library", "/tmp/stranger.so") != "accepted");
  unsetenv("ALERT_BENCH_NVML_LIBRARY");
}

TEST_CASE("platform: more threads than 4 times the cores are refused before LibTorch gets them") {
  PlatformSpec spec = read(valid());
  const std::size_t cores = std::thread::hardware_concurrency();
  spec.threads = 4 * cores;
  CHECK_NOTHROW(open_platform(spec, [] { return 0.0; }));
  spec.threads = 4 * cores + 1;
  CHECK_THROWS_WITH(open_platform(spec, [] { return 0.0; }),
                    fmt::format("platform \"p\": {} threads are more than 4 times the {} cores of "
                                "this machine; set \"threads\" to {} at most",
                                4 * cores + 1, cores, 4 * cores));
}

TEST_CASE("platform: opening gives the limiter and the meter of the file") {
  const Platform platform = open_platform(read(valid()), [] { return 0.0; });
  CHECK(platform.spec.name == "p");
  CHECK(platform.limiter->caps_w() == std::vector<double>{17.0, 73.0});
  platform.limiter->set_cap(0);
  platform.meter->start(Activity::busy);
  CHECK(platform.meter->stop().power_w().value() ==
        Approx(17.0));  // the meter knows the limiter's cap
}

TEST_CASE("platform: limiters and meters that do not belong together are refused") {
  CHECK_THAT(error_with("/meter", "hwmon"),
             Equals(": /meter: \"hwmon\" would measure the spinning by which the emulated limiter "
                    "slows inferences down; use \"emulated\""));
  CHECK_THAT(error_with("/limiter", "nvml"),
             Equals(": /limiter: \"nvml\" does not belong to the device \"cpu\"; use \"auto\""));
  CHECK_THAT(
      error_with("/device", "cuda"),
      Equals(": /limiter: \"emulated\" does not belong to the device \"cuda\"; use \"nvml\""));
}

TEST_CASE("platform: caps may be so many levels over the limiter's range") {
  nlohmann::json document = valid();
  document["power_caps_w"] = {{"levels", 3}};
  const PlatformSpec spec = read(document);
  CHECK(spec.power_caps.over(10.0, 30.0) == std::vector<double>{10.0, 20.0, 30.0});
  // From 9 + 64 * 0.2^3 W, at the least speed, to 73 W.
  CHECK(open_platform(spec, [] { return 0.0; }).limiter->caps_w() ==
        std::vector<double>{9.512, 41.256, 73.0});
  CHECK(PowerCaps{{}, 1}.over(10.0, 30.0) == std::vector<double>{30.0});
}

TEST_CASE("platform: a real limiter and meter need no emulated parameters") {
  nlohmann::json document = valid();
  document["limiter"] = "rapl";
  document["meter"] = "rapl";
  document.erase("emulated");
  CHECK(read(document).limiter == "rapl");
}

TEST_CASE("platform: the platforms that come with the program are read") {
  const auto [file, highest_cap_w] = GENERATE(table<std::string, double>(
      {{"emulated-embedded", 10.0}, {"emulated-laptop", 45.0}, {"emulated-server", 125.0}}));
  const PlatformSpec spec =
      read_platform(std::string(SOURCE_DIR) + "/configs/platforms/" + file + ".json");
  CHECK(spec.name == file);
  CHECK(spec.power_caps.values_w.size() == 8);
  CHECK(spec.power_caps.values_w.back() == highest_cap_w);
  CHECK(spec.power_model->speed(highest_cap_w) == 1.0);
  CHECK(spec.power_model->speed(spec.power_caps.values_w.front()) == Approx(0.45).margin(0.05));
}
