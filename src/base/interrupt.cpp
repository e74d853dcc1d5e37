#include "base/interrupt.hpp"

#include <csignal>

#include "base/error.hpp"

namespace bench {
namespace {
volatile std::sig_atomic_t signalled = 0;
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { signalled = 1; };
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_RESETHAND;  // a second signal ends the program at once
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

void stop_if_interrupted() {
  if (signalled) throw Interrupted();
}

}  // namespace bench
