#include "machine/watchdog.hpp"

#include <unistd.h>

#include <chrono>

namespace bench {
namespace {
// Ticks are counted, not time, so that a process that was stopped meanwhile is not blamed.
constexpr int ticks_of_timeout = 16;
}  // namespace

Watchdog::Watchdog(double timeout_s, std::function<void()> give_up)
    : tick_s_(timeout_s / ticks_of_timeout),
      give_up_(std::move(give_up)),
      thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ending_.notify_one();
  thread_.join();
}

void Watchdog::leave() {
  if (place_.exchange(Place::outside) != Place::given_up) return;
  for (;;) pause();  // the process is about to end
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  int ticks = 0;  // since this inference was first seen
  while (!ending_.wait_for(lock, std::chrono::duration<double>(tick_s_), [&] { return ended_; })) {
    const std::uint64_t inferences = inferences_.load(std::memory_order_relaxed);
    const bool same = inferences == seen && inferences % 2 == 1;
    ticks = same ? ticks + 1 : 0;
    seen = inferences;
    Place inside = Place::inside;
    if (ticks >= ticks_of_timeout && place_.compare_exchange_strong(inside, Place::given_up)) {
      give_up_();
      return;
    }
  }
}

}  // namespace bench
