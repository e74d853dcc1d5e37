// All that a co-runner's program has started, whatever process group or session it is in.
#pragma once

#include <memory>
#include <vector>

namespace bench {

/// Belongs to the program's supervisor, to which its orphans come (PR_SET_CHILD_SUBREAPER).
class ProcessTree {
 public:
  virtual ~ProcessTree() = default;
  /// The program itself calls this before exec; false where it cannot be held.
  virtual bool join() const { return true; }
  /// Returns when nothing of it runs any more; false where something still does after 2 s.
  virtual bool stop() = 0;
  virtual void resume() = 0;
  /// Returns before all is gone: the supervisor waits for that.
  virtual void kill() = 0;
};

/// By a cgroup (v2) beside the supervisor's: what forks faster than it is counted stops too, and
/// nothing in it is told. Null where none can be made.
std::unique_ptr<ProcessTree> tree_by_cgroup();
/// By SIGSTOP and SIGCONT to each descendant that /proc shows.
std::unique_ptr<ProcessTree> tree_by_signals();

std::vector<int> children(int pid);

}  // namespace bench
