// What hangs inside LibTorch cannot be stopped. All that is left is to end the process in good
// order, which a watchdog does from a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace bench {

/// Watches the inferences of one thread, at the price of a few atomic operations each.
class Watchdog {
 public:
  /// Where an inference takes longer than `timeout_s` and hangs in a call, that call never returns
  /// and `give_up` runs instead, on the watchdog's thread; it is to end the process. It sees all
  /// that the watched thread wrote before the call.
  Watchdog(double timeout_s, std::function<void()> give_up);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// One inference, as long as this object lives.
  class Inference {
   public:
    explicit Inference(Watchdog& watchdog) : watchdog_(watchdog) { watchdog_.count(); }
    ~Inference() { watchdog_.count(); }
    Inference(const Inference&) = delete;
    Inference& operator=(const Inference&) = delete;

    /// A call that may hang.
    template <typename Call>
    auto call(Call call) const {
      struct Inside {
        Watchdog& watchdog;
        ~Inside() { watchdog.leave(); }
      };
      watchdog_.place_.store(Place::inside, std::memory_order_release);
      const Inside inside{watchdog_};
      return call();
    }

   private:
    Watchdog& watchdog_;
  };

 private:
  enum class Place { outside, inside, given_up };

  void count() { inferences_.fetch_add(1, std::memory_order_relaxed); }
  void leave();
  void watch();

  double tick_s_;
  std::function<void()> give_up_;
  std::atomic<std::uint64_t> inferences_{0};  // begun and ended: odd while one is under way
  std::atomic<Place> place_{Place::outside};
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace bench
