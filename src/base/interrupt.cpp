#include "base/interrupt.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <ranges>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.hpp"

namespace bench {

void do_at_end();

namespace {

volatile std::sig_atomic_t signalled = 0;
timespec signalled_at{};

std::mutex at_end_mutex;
std::vector<AtEnd*> at_end;  // in the order in which they were made

// Actions may allocate and take locks, which a signal handler must not: a thread does them, and
// these pipes tell it to, and that it has.
std::atomic<pid_t> watched = 0;  // a child of fork() has no such thread
int wake_pipe[2], done_pipe[2];

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigaction(signal, &action, nullptr);
}

bool has_default_action(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
}

/// A handler: only what is async-signal-safe. The thread that it interrupts stands still meanwhile,
/// so that it changes nothing behind the actions; not for ever, since it may hold a lock of theirs.
void end_by(int signal) {
  constexpr int patience_ms = 5000;
  if (watched == getpid() && write(wake_pipe[1], "", 1) == 1) {
    pollfd done{done_pipe[0], POLLIN, 0};
    while (poll(&done, 1, patience_ms) < 0 && errno == EINTR) {
    }
  }
  set_handler(signal, SIG_DFL);
  raise(signal);  // comes once this handler has returned
}

void stop_by(int signal) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!signalled) {
    signalled_at = now;
    signalled = 1;
    return;
  }
  // timeout(1) and terminals that close send theirs twice.
  const double since_s = static_cast<double>(now.tv_sec - signalled_at.tv_sec) +
                         1e-9 * static_cast<double>(now.tv_nsec - signalled_at.tv_nsec);
  if (since_s > 0.1) end_by(signal);
}

void watch() {
  char byte = 0;
  while (read(wake_pipe[0], &byte, 1) < 0 && errno == EINTR) {
  }
  do_at_end();
  if (write(done_pipe[1], "", 1) != 1) std::abort();
  for (;;) pause();
}

void start_watching() {
  for (int* pipe : {wake_pipe, done_pipe})
    if (pipe2(pipe, O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "a pipe");
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the thread that works
  std::thread(watch).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  watched = getpid();
}

}  // namespace

/// The mutex stays locked: whoever waits for it waits for the end.
void do_at_end() {
  at_end_mutex.lock();
  for (const AtEnd* entry : at_end | std::views::reverse) {
    try {
      entry->action_();
    } catch (...) {  // the others are to be done all the same
    }
  }
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  set_handler(SIGCHLD, SIG_DFL);
  // A handler, since what is ignored stays so in programs that are started.
  for (const int signal : {SIGPIPE, SIGXFSZ}) set_handler(signal, [](int) {});
}

// sigaction() refuses what nobody may take, such as SIGKILL: there is nothing to keep.
KeptSignals::KeptSignals() : actions_{} {
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, nullptr, &actions_[signal]);
}

KeptSignals::~KeptSignals() {
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &actions_[signal], nullptr);
}

void catch_signals() {
  static std::array<char, 1 << 16> stack;  // a stack that has run over cannot hold a handler
  const stack_t alternative{stack.data(), 0, stack.size()};
  sigaltstack(&alternative, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
                           SIGPROF, SIGIO, SIGPWR})
    if (has_default_action(signal)) set_handler(signal, stop_by);
  for (const int signal :
       {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP, SIGSTKFLT})
    if (has_default_action(signal)) set_handler(signal, end_by);
}

void stop_if_interrupted() {
  if (signalled) throw Interrupted();
}

AtEnd::AtEnd(std::function<void()> action) : action_(std::move(action)) {
  const std::lock_guard lock(at_end_mutex);
  if (watched != getpid()) start_watching();
  at_end.push_back(this);
}

AtEnd::~AtEnd() {
  const std::lock_guard lock(at_end_mutex);
  std::erase(at_end, this);
}

void end_now(int status) {
  do_at_end();
  _exit(status);
}

}  // namespace bench
