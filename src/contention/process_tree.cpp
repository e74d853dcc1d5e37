#include "contention/process_tree.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/cgroup.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Asks every 100 us, for 2 s, whether it has become true.
template <typename Condition>
bool comes_true(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + 2s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

bool write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  return static_cast<bool>(out << text << std::flush);
}

class CgroupTree final : public ProcessTree {
 public:
  CgroupTree(fs::path parent, fs::path group)
      : parent_(std::move(parent)), group_(std::move(group)) {}
  ~CgroupTree() override { rmdir(group_.c_str()); }

  /// Whether this process may go in, and out again, and all may be stopped.
  bool works() const {
    return join() && write_text(parent_ / "cgroup.procs", "0") && freeze(false) &&
           fs::exists(group_ / "cgroup.kill");
  }

  bool join() const override { return write_text(group_ / "cgroup.procs", "0"); }

  bool stop() override {
    return freeze(true) && comes_true([&] {
             std::ifstream events(group_ / "cgroup.events");
             std::string key;
             for (int value = 0; events >> key >> value;)
               if (key == "frozen") return value == 1;
             return false;
           });
  }
  void resume() override { freeze(false); }
  void kill() override { write_text(group_ / "cgroup.kill", "1"); }

 private:
  bool freeze(bool frozen) const {
    return write_text(group_ / "cgroup.freeze", frozen ? "1" : "0");
  }

  fs::path parent_, group_;
};

/// What proc(5) says of each thread: a process whose first thread has ended may run on.
bool stands_still(int pid) {
  constexpr std::string_view still = "TtZX";
  std::error_code error;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::ifstream file(task.path() / "stat");
    std::string text;
    std::getline(file, text);
    const std::size_t state = text.rfind(") ");
    if (state != std::string::npos && still.find(text[state + 2]) == std::string_view::npos)
      return false;
  }
  return true;
}

class SignalTree final : public ProcessTree {
 public:
  bool stop() override {
    int still = 0;  // twice in a row: while it is looked at, an orphan may pass from place to place
    return comes_true([&] {
      still = stop_descendants(getpid()) ? still + 1 : 0;
      return still == 2;
    });
  }
  void resume() override {
    for (const int pid : stopped_) ::kill(pid, SIGCONT);
    stopped_.clear();
  }
  void kill() override { kill_descendants(getpid()); }

 private:
  /// Whether all stood still already. What had been stopped by others is left to them.
  bool stop_descendants(int pid) {
    bool still = true;
    for (const int child : children(pid)) {
      if (!stands_still(child)) {
        still = false;
        if (::kill(child, SIGSTOP) == 0 && std::ranges::find(stopped_, child) == stopped_.end())
          stopped_.push_back(child);
      }
      still = stop_descendants(child) && still;
    }
    return still;
  }

  static void kill_descendants(int pid) {
    for (const int child : children(pid)) {
      kill_descendants(child);
      ::kill(child, SIGKILL);
    }
  }

  std::vector<int> stopped_;
};

}  // namespace

std::unique_ptr<ProcessTree> tree_by_cgroup() {
  const auto groups = cgroup_folders("");
  if (groups.empty()) return nullptr;
  const fs::path group = groups.front() / fmt::format("alert-bench-{}", getpid());
  if (mkdir(group.c_str(), 0755) != 0) return nullptr;
  auto tree = std::make_unique<CgroupTree>(groups.front(), group);
  return tree->works() ? std::move(tree) : nullptr;
}

std::unique_ptr<ProcessTree> tree_by_signals() { return std::make_unique<SignalTree>(); }

std::vector<int> children(int pid) {
  std::vector<int> found;
  std::error_code error;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    std::ifstream list(task.path() / "children");
    for (int child = 0; list >> child;) found.push_back(child);
  }
  return found;
}

}  // namespace bench
