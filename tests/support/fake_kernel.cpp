// Files that behave like the kernel's: pread() and pwrite() of this program (or, preloaded, of any)
// obey a rule that stands beside a file, in <file>.rule:
//   errno N           reading and writing fail
//   errno-write N     writing fails
//   fails N OF LAST RULE...  the last LAST of OF readings fail, the others are as the rule says
//   ignore            what is written is lost
//   clamp LOW HIGH    what is written is forced into this range
//   energy W RANGE FILE...  reads as uJ counted since the first reading, every millisecond, at W,
//   or
//                     at the least limit (in uW) of the files, starting again after RANGE
// Files without a rule are plain files.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <sstream>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

ssize_t real_pread(int fd, void* buffer, size_t size, off_t offset) {
  return syscall(SYS_pread64, fd, buffer, size, offset);
}

ssize_t real_pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  return syscall(SYS_pwrite64, fd, buffer, size, offset);
}

std::string content(const char* path) {
  char text[512];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  const ssize_t length = real_pread(fd, text, sizeof text, 0);
  close(fd);
  return {text, static_cast<size_t>(std::max<ssize_t>(0, length))};
}

/// The rule of an open file into `path`.rule's text; false, without an allocation, where it has
/// none.
bool find_rule(int fd, std::string& path, std::string& rule) {
  char link[32], target[4096 + 5];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, target, sizeof target - 6);
  if (length <= 0) return false;
  std::memcpy(target + length, ".rule", 6);
  if (access(target, F_OK) != 0) return false;
  rule = content(target);
  path.assign(target, static_cast<size_t>(length));
  return true;
}

struct Counter {
  Clock::time_point last = Clock::now();
  double energy_uj = 0.0;
};

unsigned long long count(const std::string& path, double power_w, unsigned long long range_uj,
                         std::istringstream& limits) {
  static std::mutex mutex;
  static std::map<std::string, Counter> counters;
  const std::lock_guard lock(mutex);
  for (std::string file; limits >> file;)
    power_w = std::min(power_w, 1e-6 * std::strtod(content(file.c_str()).c_str(), nullptr));
  Counter& counter = counters[path];
  const auto ticks = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - counter.last);
  counter.last += ticks;
  counter.energy_uj += 1e3 * power_w * static_cast<double>(ticks.count());
  return static_cast<unsigned long long>(counter.energy_uj) % range_uj;
}

}  // namespace

extern "C" {

ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  std::string path, text, kind;
  if (!find_rule(fd, path, text)) return real_pread(fd, buffer, size, offset);
  std::istringstream rule(text);
  rule >> kind;
  if (kind == "fails") {
    int code = 0, period = 1, failing = 0;
    rule >> code >> period >> failing >> kind;
    static std::atomic<int> readings = 0;
    if (readings++ % period >= period - failing) {
      errno = code;
      return -1;
    }
  }
  if (kind == "errno") {
    rule >> errno;
    return -1;
  }
  if (kind != "energy") return real_pread(fd, buffer, size, offset);
  double power_w = 0.0;
  unsigned long long range_uj = 0;
  rule >> power_w >> range_uj;
  return std::snprintf(static_cast<char*>(buffer), size, "%llu\n",
                       count(path, power_w, range_uj, rule));
}

ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset) {
  std::string path, text, kind;
  if (!find_rule(fd, path, text)) return real_pwrite(fd, buffer, size, offset);
  std::istringstream rule(text);
  rule >> kind;
  if (kind == "errno" || kind == "errno-write") {
    rule >> errno;
    return -1;
  }
  if (kind == "ignore") return static_cast<ssize_t>(size);
  if (kind == "clamp") {
    long long low = 0, high = 0;
    rule >> low >> high;
    const long long value = std::clamp(std::atoll(static_cast<const char*>(buffer)), low, high);
    char number[32];
    const int length = std::snprintf(number, sizeof number, "%lld\n", value);
    real_pwrite(fd, number, static_cast<size_t>(length), 0);
    return static_cast<ssize_t>(size);
  }
  return real_pwrite(fd, buffer, size, offset);
}

ssize_t pread64(int fd, void* buffer, size_t size, off_t offset) {
  return pread(fd, buffer, size, offset);
}

ssize_t pwrite64(int fd, const void* buffer, size_t size, off_t offset) {
  return pwrite(fd, buffer, size, offset);
}

}  // extern "C"
