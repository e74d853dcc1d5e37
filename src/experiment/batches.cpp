#include "experiment/batches.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/interrupt.hpp"

namespace bench {
namespace {

/// Few enough for their runs to stay in the cache, enough for threads to be worth starting.
std::size_t batch_size(const TraceHeader& header) {
  const std::size_t configurations = header.models.size() * header.power_caps_w.size();
  return std::clamp<std::size_t>(4096 / configurations, 1, 64);
}

/// Inputs whose storage is used again.
class Inputs {
 public:
  explicit Inputs(std::size_t most) : inputs_(most) {}

  void read(TraceReader& reader) {
    count_ = 0;
    while (count_ < inputs_.size() && reader.next(inputs_[count_])) ++count_;
  }
  Batch batch() const { return Batch(inputs_).first(count_); }

 private:
  std::vector<TraceInput> inputs_;
  std::size_t count_ = 0;
};

/// The tasks on one batch: whoever is free takes the next.
class Tasks {
 public:
  Tasks(std::size_t count, const std::function<void(std::size_t)>& work)
      : count_(count), failed_(count), work_(work) {}

  void take() noexcept {
    for (std::size_t task; (task = next_++) < count_;) try {
        work_(task);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (task < failed_) {
          failed_ = task;
          error_ = std::current_exception();
        }
      }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::size_t count_, failed_;
  const std::function<void(std::size_t)>& work_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

void for_each_batch(TraceReader& reader, std::size_t tasks, std::size_t threads,
                    const std::function<void(std::size_t task, Batch batch)>& work,
                    const std::function<void(Batch batch)>& done) {
  const std::size_t size = batch_size(reader.header());
  Inputs now(size), next(size);
  for (now.read(reader); !now.batch().empty(); std::swap(now, next)) {
    stop_if_interrupted();
    const Batch batch = now.batch();
    const std::function<void(std::size_t)> work_on_batch = [&](std::size_t task) {
      work(task, batch);
    };
    Tasks all(tasks, work_on_batch);
    {
      std::vector<std::jthread> helpers;
      for (std::size_t i = 1; i < std::min(threads, tasks); ++i)
        helpers.emplace_back([&] { all.take(); });
      next.read(reader);
      all.take();
    }
    all.rethrow();
    done(batch);
  }
}

}  // namespace bench
