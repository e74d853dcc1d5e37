#include "machine/watchdog.hpp"

#include <unistd.h>

#include <future>

#include "support/catch.hpp"

using namespace bench;

TEST_CASE("a call that hangs is given up, whichever of an inference it is") {
  struct Hang {
    std::promise<int> given_up;
    int stage = 0;
    Watchdog watchdog{0.01, [this] { given_up.set_value(stage); }};
  };
  auto* hang = new Hang;  // outlives the test, as the thread that hangs does
  std::thread([hang] {
    const Watchdog::Inference inference(hang->watchdog);
    for (hang->stage = 1;; ++hang->stage)
      inference.call([&] {
        while (hang->stage == 2) pause();
      });
  }).detach();
  CHECK(hang->given_up.get_future().get() == 2);
}

TEST_CASE("a call that throws is over for its watchdog") {
  Watchdog watchdog(60.0, [] {});
  const Watchdog::Inference inference(watchdog);
  CHECK_THROWS_AS(inference.call([]() -> int { throw std::runtime_error("no answer"); }),
                  std::runtime_error);
  CHECK(inference.call([] { return 5; }) == 5);
}
