// How the program ends before its time: between two inferences, so that what is on disk can be
// resumed; or at once, but with the machine as it was.
#pragma once

#include <signal.h>

#include <array>
#include <functional>

namespace bench {

/// Signals as this program needs them, whatever it inherited: none is blocked, SIGCHLD is not
/// ignored, and a write to a closed pipe or beyond a limit of file sizes fails instead of ending
/// the program. Programs that it starts have them as usual.
void reset_signals();

/// From now on a first SIGINT, SIGTERM, SIGHUP or the like is obeyed by stop_if_interrupted(). A
/// second one, SIGQUIT and a crash end the program at once, after what is to be done AtEnd. SIGINT,
/// SIGHUP and SIGQUIT that were ignored stay so (nohup, jobs in the background).
void catch_signals();

/// Puts back at its end who answers to which signal: around the loading of libraries that take
/// signals for themselves, as UCX does below LibTorch 2.6 (SIGHUP and the crashes).
class KeptSignals {
 public:
  KeptSignals();
  ~KeptSignals();
  KeptSignals(const KeptSignals&) = delete;
  KeptSignals& operator=(const KeptSignals&) = delete;

 private:
  std::array<struct sigaction, NSIG> actions_;  // [signal]
};

/// Throws Interrupted once a signal has come.
void stop_if_interrupted();

/// Something to be done before the process ends at once. Whoever ends in good order does it itself.
class AtEnd {
 public:
  /// `action` is called on another thread than this one, while this one stands still.
  explicit AtEnd(std::function<void()> action);
  ~AtEnd();
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  friend void do_at_end();
  std::function<void()> action_;
};

/// Ends the process from any thread, after what is to be done AtEnd, the last first.
[[noreturn]] void end_now(int status);

}  // namespace bench
