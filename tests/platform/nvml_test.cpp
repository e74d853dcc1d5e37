#include "platform/nvml.hpp"

#include <cstdlib>

#include "platform/saved_limits.hpp"
#include "support/catch.hpp"
#include "support/sysfs_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

const PowerCaps two_caps{{120.0, 250.0}, 0};

/// A board of tests/support/fake_nvml.cpp.
struct Board {
  test::SysfsTree files;

  Board() {
    files.write({{"limit", "250000"}, {"power", "80000"}});
    setenv("FAKE_NVML_BOARD", files.path().c_str(), 1);
    setenv("XDG_STATE_HOME", files.path("state").c_str(), 1);
  }
  ~Board() {
    unsetenv("FAKE_NVML_BOARD");
    unsetenv("XDG_STATE_HOME");
  }
};

}  // namespace

TEST_CASE("NVML: a machine without the driver is told so") {
  CHECK_THROWS_WITH(NvmlLimiter("libno-such-nvml.so", two_caps),
                    Contains("the NVIDIA driver's library cannot be loaded: libno-such-nvml.so"));
  CHECK_THROWS_WITH(open_nvml_meter(FAKE_NVML),
                    "nvmlInit_v2 failed: Driver Not Loaded; to change that: nvidia-smi (it tells "
                    "what is wrong with the driver)");
}

TEST_CASE("NVML limiter: sets the board's power limit, and remembers the one before") {
  const Board board;
  NvmlLimiter limiter(FAKE_NVML, two_caps);
  CHECK(limiter.cap() == 1);
  limiter.set_cap(0);
  CHECK(board.files.number("limit") == 120'000);
  const auto limits = limiter.limits();
  REQUIRE(limits.size() == 1);
  CHECK(limits[0].value == 250'000);
  CHECK(limits[0].gpu == "GPU-fake");
  CHECK(limiter.info().description == "power limit of Fake Board (GPU-fake)");
}

TEST_CASE("NVML limiter: levels span the board's range, and caps outside it are refused") {
  const Board board;
  CHECK(NvmlLimiter(FAKE_NVML, {{}, 3}).caps_w() == std::vector<double>{100.0, 200.0, 300.0});
  CHECK_THROWS_WITH(NvmlLimiter(FAKE_NVML, {{90.0, 250.0}, 0}),
                    "the power cap of 90 W lies outside what Fake Board takes: 100 to 300 W");
}

TEST_CASE("NVML limiter: who may not set the limit learns it before anything runs") {
  const Board board;
  board.files.write("refuse", "1");
  CHECK_THROWS_WITH(NvmlLimiter(FAKE_NVML, two_caps),
                    Contains("Insufficient Permissions") && Contains("run as root"));
}

TEST_CASE("NVML limiter: a limit that does not stick is an error") {
  const Board board;
  NvmlLimiter limiter(FAKE_NVML, two_caps);
  board.files.write("ignore", "1");
  CHECK_THROWS_WITH(limiter.set_cap(0),
                    Contains("the power limit of 120000 mW did not stick: it reads 250000 mW"));
}

TEST_CASE("NVML limiter: the limit is put back") {
  const Board board;
  NvmlLimiter limiter(FAKE_NVML, two_caps);
  {
    const SavedLimits saved("nvml", limiter.limits());
    limiter.set_cap(0);
  }
  CHECK(board.files.number("limit") == 250'000);
}

TEST_CASE("NVML meter: the energy counter where the board has one") {
  const Board board;
  board.files.write({{"energy", "1000"}, {"count", "1"}});
  const auto meter = open_nvml_meter(FAKE_NVML);  // it looks how often the counter changes
  std::filesystem::remove(board.files.path("count"));
  CHECK(meter->info().description == "energy counter of Fake Board (GPU-fake)");
  CHECK(meter->info().update_interval_s.value() > 0.0);
  meter->start(Activity::busy);
  board.files.write("energy", "1500");
  CHECK(meter->stop().energy_j == Approx(0.5));
}

TEST_CASE("NVML meter: else power, integrated") {
  const Board board;
  const auto meter = open_nvml_meter(FAKE_NVML);
  CHECK(meter->info().description == "power, integrated, of Fake Board (GPU-fake)");
  CHECK(meter->info().update_interval_s == Approx(0.1));  // it does not change
  meter->start(Activity::busy);
  const auto end = Clock::now() + std::chrono::milliseconds(1);
  while (Clock::now() < end) {
  }
  CHECK(meter->stop().power_w() == Approx(80.0));
}
