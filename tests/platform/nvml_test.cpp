#include "platform/nvml.hpp"

#include <cstdlib>

#include "base/clock.hpp"
#include "platform/saved_limits.hpp"
#include "support/catch.hpp"
#include "support/sysfs_tree.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

/// Names the library for as long as it lives.
struct Library {
  explicit Library(const char* name) { setenv(nvml_library_variable, name, 1); }
  ~Library() { unsetenv(nvml_library_variable); }
};

const PowerCaps two_caps{{120.0, 250.0}, 0};

/// A board of tests/support/fake_nvml.cpp.
struct Board {
  test::SysfsTree files;
  Library library{FAKE_NVML};

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

TEST_CASE("NVML: the library is the driver's own, unless the environment says otherwise") {
  CHECK(nvml_library() == "libnvidia-ml.so.1");
  const Library other("other.so");
  CHECK(nvml_library() == "other.so");
}

TEST_CASE("NVML: a machine without the driver is told so") {
  {
    const Library missing("libno-such-nvml.so");
    CHECK_THROWS_WITH(NvmlLimiter(two_caps),
                      Contains("the NVIDIA driver's library cannot be loaded: "
                               "libno-such-nvml.so"));
  }
  const Library without_driver(FAKE_NVML);
  CHECK_THROWS_WITH(open_nvml_meter(),
                    "nvmlInit_v2 failed: Driver Not Loaded; to change that: nvidia-smi (it tells "
                    "what is wrong with the driver)");
}

TEST_CASE("NVML limiter: sets the board's power limit, and remembers the one before") {
  const Board board;
  NvmlLimiter limiter(two_caps);
  CHECK(limiter.cap() == 1);
  limiter.set_cap(0);
  CHECK(board.files.number("limit") == 120'000);
  const auto limits = limiter.limits();
  REQUIRE(limits.size() == 1);
  CHECK(std::get<GpuLimit>(limits[0]).limit_mw == 250'000);
  CHECK(std::get<GpuLimit>(limits[0]).uuid == "GPU-fake");
  CHECK(limiter.info().description == "power limit of Fake Board (GPU-fake)");
}

TEST_CASE("NVML limiter: levels span the board's range, and caps outside it are refused") {
  const Board board;
  CHECK(NvmlLimiter({{}, 3}).caps_w() == std::vector<double>{100.0, 200.0, 300.0});
  CHECK_THROWS_WITH(NvmlLimiter({{90.0, 250.0}, 0}),
                    "the power cap of 90 W lies outside what Fake Board takes: 100 to 300 W");
}

TEST_CASE("NVML limiter: who may not set the limit learns it before anything runs") {
  const Board board;
  board.files.write("refuse", "1");
  CHECK_THROWS_WITH(NvmlLimiter(two_caps),
                    Contains("Insufficient Permissions") && Contains("run as root"));
}

TEST_CASE("NVML limiter: a limit that does not stick is an error") {
  const Board board;
  NvmlLimiter limiter(two_caps);
  board.files.write("ignore", "1");
  CHECK_THROWS_WITH(limiter.set_cap(0),
                    Contains("the power limit of 120000 mW did not stick: it reads 250000 mW"));
}

TEST_CASE("NVML limiter: the limit is put back") {
  const Board board;
  NvmlLimiter limiter(two_caps);
  {
    const SavedLimits saved("nvml", limiter.limits());
    limiter.set_cap(0);
  }
  CHECK(board.files.number("limit") == 250'000);
}

TEST_CASE("NVML meter: the energy counter where the board has one") {
  const Board board;
  board.files.write({{"energy", "1000"}, {"count", "1"}});
  const auto meter = open_nvml_meter();  // it looks how often the counter changes
  std::filesystem::remove(board.files.path("count"));
  CHECK(meter->info().description == "energy counter of Fake Board (GPU-fake)");
  CHECK(meter->info().update_interval_s.value() > 0.0);
  meter->start(Activity::busy);
  board.files.write("energy", "1500");
  CHECK(meter->stop().energy_j.value() == Approx(0.5));
}

TEST_CASE("NVML meter: else power, integrated") {
  const Board board;
  const auto meter = open_nvml_meter();
  CHECK(meter->info().description == "power, integrated, of Fake Board (GPU-fake)");
  CHECK(meter->info().update_interval_s == Approx(0.1));  // it does not change
  meter->start(Activity::busy);
  const auto end = Clock::now() + std::chrono::milliseconds(1);
  while (Clock::now() < end) {
  }
  CHECK(meter->stop().power_w().value() == Approx(80.0));
}

TEST_CASE("NVML: the board is the one that LibTorch sees first") {
  const Board board;
  struct Visible {
    explicit Visible(const char* list) { setenv("CUDA_VISIBLE_DEVICES", list, 1); }
    ~Visible() { unsetenv("CUDA_VISIBLE_DEVICES"); }
  };
  SECTION("by its index or UUID") {
    const auto list = GENERATE("0", "0,1", "GPU-fake", "GPU-fake,GPU-other");
    const Visible visible(list);
    CHECK_NOTHROW(NvmlLimiter(two_caps));
  }
  SECTION("not another in its place") {
    const auto list = GENERATE("1", "1,0", "GPU-other", "-1", "");
    const Visible visible(list);
    CHECK_THROWS_WITH(NvmlLimiter(two_caps), Contains("which CUDA_VISIBLE_DEVICES names"));
  }
  SECTION("not by an index that CUDA counts in another order") {
    board.files.write("boards", "2");
    CHECK_THROWS_WITH(NvmlLimiter(two_caps), Contains("export CUDA_DEVICE_ORDER=PCI_BUS_ID"));
    const Visible visible("GPU-fake");
    CHECK_NOTHROW(NvmlLimiter(two_caps));
  }
}
