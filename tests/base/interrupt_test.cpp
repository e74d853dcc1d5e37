#include "base/interrupt.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;

namespace {

/// Runs `body` in a process of its own; gives the status as waitpid() does.
int status_of(const std::function<void()>& body) {
  const int pid = fork();
  if (pid == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    // As a program starts: Catch2 has handlers of its own.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGQUIT, SIGABRT, SIGSEGV})
      ::signal(signal, SIG_DFL);
    body();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status;
}

/// What actions at the end have left.
struct Marks {
  test::TemporaryFolder folder;

  void add(const std::string& mark) const {
    std::ofstream(folder.path() / "marks", std::ios::app) << mark;
  }
  std::string all() const {
    std::stringstream text;
    text << std::ifstream(folder.path() / "marks").rdbuf();
    return text.str();
  }
};

}  // namespace

TEST_CASE("interrupt: the first signal is obeyed between two inferences") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1}) {
    const Marks marks;
    const int status = status_of([&] {
      catch_signals();
      const AtEnd at_end([&] { marks.add("a"); });
      stop_if_interrupted();
      raise(signal);
      try {
        stop_if_interrupted();
      } catch (const Interrupted&) {
        _exit(7);
      }
    });
    CHECK(WEXITSTATUS(status) == 7);
    CHECK(marks.all().empty());
  }
}

TEST_CASE("interrupt: a library that takes a signal when it is loaded gives it back") {
  const int status = status_of([] {
    catch_signals();
    {
      const KeptSignals kept;
      for (const int signal : {SIGHUP, SIGSEGV}) ::signal(signal, SIG_IGN);
    }
    raise(SIGHUP);
    try {
      stop_if_interrupted();
    } catch (const Interrupted&) {
      raise(SIGSEGV);
    }
  });
  CHECK(WTERMSIG(status) == SIGSEGV);
}

TEST_CASE("interrupt: a second signal, SIGQUIT and a crash end at once, but in order") {
  using Way = std::function<void()>;
  const std::vector<std::pair<int, Way>> ways = {
      {SIGINT,
       [] {
         raise(SIGINT);
         std::this_thread::sleep_for(std::chrono::milliseconds(120));
         raise(SIGINT);
       }},
      {SIGQUIT, [] { raise(SIGQUIT); }},
      {SIGABRT, [] { std::abort(); }},
      {SIGSEGV, [] { *static_cast<volatile int*>(nullptr) = 1; }}};
  for (const auto& [signal, way] : ways) {
    const Marks marks;
    const int status = status_of([&] {
      catch_signals();
      const AtEnd first([&] { marks.add("a"); });
      const AtEnd last([&] { marks.add("b"); });
      {
        const AtEnd forgotten([&] { marks.add("c"); });
      }
      way();
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
    CHECK(marks.all() == "ba");
  }
}

TEST_CASE("interrupt: the same signal twice in a moment is one") {
  const int status = status_of([] {
    catch_signals();
    raise(SIGTERM);
    raise(SIGTERM);
  });
  CHECK(WIFEXITED(status));
}

TEST_CASE("interrupt: any thread can end the process in order") {
  const Marks marks;
  const int status = status_of([&] {
    const AtEnd at_end([&] { marks.add("a"); });
    std::thread([] { end_now(5); }).join();
  });
  CHECK(WEXITSTATUS(status) == 5);
  CHECK(marks.all() == "a");
}

TEST_CASE("interrupt: signals that were ignored stay so") {
  const int status = status_of([] {
    for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_IGN);
    catch_signals();
    for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) raise(signal);
    stop_if_interrupted();
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("interrupt: what was inherited is reset") {
  const int status = status_of([] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    signal(SIGCHLD, SIG_IGN);
    reset_signals();

    sigset_t blocked;
    sigprocmask(SIG_SETMASK, nullptr, &blocked);
    if (sigismember(&blocked, SIGINT) != 0) _exit(1);
    if (signal(SIGCHLD, SIG_DFL) != SIG_DFL) _exit(2);
    int ends[2];
    if (pipe(ends) != 0) _exit(3);
    close(ends[0]);
    if (write(ends[1], "", 1) != -1 || errno != EPIPE) _exit(4);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
