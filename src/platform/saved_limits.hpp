// The machine's limits before a run changes them: saved to disk first, put back whatever happens.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/interrupt.hpp"
#include "platform/limiter.hpp"

namespace bench {

/// Holds a limiter: no other process can, and its limits are on disk until this object has put them
/// back. Where the process is killed, the next start of alert-bench by the same user does, or
/// `alert-bench restore`.
class SavedLimits {
 public:
  /// `limits` are the values now, at least one. Throws MachineError where another process holds the
  /// limiter (with its pid), and where the values cannot be saved; then nothing may be changed.
  SavedLimits(std::string limiter, std::vector<SavedLimit> limits);
  /// Says on stderr what cannot be put back.
  ~SavedLimits();
  SavedLimits(const SavedLimits&) = delete;
  SavedLimits& operator=(const SavedLimits&) = delete;

 private:
  void put_back_now();

  int lock_;
  std::string limiter_;
  std::vector<SavedLimit> limits_;
  std::filesystem::path file_;
  std::optional<AtEnd> at_end_;
};

/// What became of the limits that one process left.
struct LeftLimits {
  std::string limiter;                ///< empty where what is saved cannot be trusted or read
  int pid = 0;                        ///< that saved them
  bool in_use = false;                ///< it still runs: they are left alone
  std::size_t restored = 0;           ///< limits put back
  std::vector<std::string> failures;  ///< why others could not be; they stay saved

  std::string text() const;  ///< one sentence for people
};

/// Puts back what ended processes of this user left. With `forget`, what cannot be put back is
/// saved no more.
std::vector<LeftLimits> restore_left_limits(bool forget = false);

}  // namespace bench
