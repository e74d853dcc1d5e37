#include "platform/saved_limits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <ranges>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "platform/nvml.hpp"
#include "platform/sysfs.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// The file whose lock says who holds a limiter: what is limited, so that all users of the machine
/// see it; a GPU has none.
fs::path lock_file(const SavedLimit& limit) {
  return limit.gpu.empty() ? limit.file : state_folder() / (limit.gpu + ".lock");
}

struct Lock {
  int descriptor = -1;  ///< below 0: not got
  int holder = 0;       ///< pid of the process that has it instead; 0: unknown
};

/// The process that holds a lock by flock() on the file, by what the kernel lists.
int lock_holder(int descriptor) {
  struct stat status {};
  fstat(descriptor, &status);
  const std::string end = fmt::format(":{}", status.st_ino);
  std::ifstream locks("/proc/locks");
  // "1: FLOCK  ADVISORY  WRITE 1234 00:15:5678 0 EOF": pid, device and inode
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number, kind, manner, access, place;
    int pid = 0;
    if (fields >> number >> kind >> manner >> access >> pid >> place && kind == "FLOCK" &&
        place.ends_with(end))
      return pid;
  }
  return 0;
}

/// The kernel drops such a lock when its holder ends, however it ends.
Lock try_lock(const fs::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw FileError(file, "read", errno);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return {descriptor, 0};
  const int code = errno;
  const int holder = lock_holder(descriptor);
  close(descriptor);
  if (code != EWOULDBLOCK) throw FileError(file, "lock", code);
  return {-1, holder};
}

std::uint64_t value_now(const SavedLimit& limit) {
  return limit.gpu.empty() ? read_number(limit.file)
                           : gpu_power_limit_mw(limit.nvml_library, limit.gpu);
}

void put_back(const SavedLimit& limit) {
  if (!limit.gpu.empty()) {
    set_gpu_power_limit_mw(limit.nvml_library, limit.gpu, limit.value);
    return;
  }
  const SysfsFile file(limit.file, SysfsFile::Access::write);
  file.write_number(limit.value);
  if (const std::uint64_t found = file.read_number(); found != limit.value)
    throw MachineError(fmt::format("{}: was set back to {}, but reads {}", limit.file.string(),
                                   limit.value, found));
}

/// In the reverse order of the changes.
void put_back_all(const std::vector<SavedLimit>& limits, LeftLimits& result) {
  for (const SavedLimit& limit : limits | std::views::reverse) {
    try {
      put_back(limit);
      ++result.restored;
    } catch (const std::exception& error) {
      result.failures.emplace_back(error.what());
    }
  }
}

[[noreturn]] void cannot_save(std::string_view why) {
  throw MachineError(fmt::format(
      "the limits in force cannot be saved here: {}. Nothing was changed; make room, or "
      "set XDG_STATE_HOME to a folder that can be written",
      why));
}

void save(const fs::path& file, const std::string& text) {
  try {
    write_whole(file, text, 0600);
  } catch (const std::runtime_error& error) {
    cannot_save(error.what());
  }
}

Json to_json(const std::string& limiter, const std::vector<SavedLimit>& limits) {
  Json list = Json::array();
  for (const SavedLimit& limit : limits) {
    if (limit.gpu.empty())
      list.push_back({{"file", limit.file.string()}, {"value", limit.value}});
    else
      list.push_back(
          {{"gpu", limit.gpu}, {"nvml_library", limit.nvml_library}, {"value", limit.value}});
  }
  return {{"schema_version", schema_version},
          {"limiter", limiter},
          {"pid", getpid()},
          {"limits", std::move(list)}};
}

std::vector<SavedLimit> parse_limits(const JsonValue& list) {
  std::vector<SavedLimit> limits;
  for (const JsonValue& item : list.items()) {
    SavedLimit limit;
    limit.value = static_cast<std::uint64_t>(item.at("value").number(0.0));
    if (const auto gpu = item.find("gpu")) {
      limit.gpu = gpu->string();
      limit.nvml_library = item.at("nvml_library").string();
    } else {
      limit.file = item.at("file").string();
    }
    limits.push_back(std::move(limit));
  }
  if (limits.empty()) list.fail("must have at least one limit");
  return limits;
}

LeftLimits restore_left(const fs::path& file, bool forget) {
  LeftLimits result;
  try {
    const JsonValue saved = JsonValue::read(file);
    saved.check_schema_version();
    result.limiter = saved.at("limiter").string();
    result.pid = static_cast<int>(saved.at("pid").count());
    const std::vector<SavedLimit> limits = parse_limits(saved.at("limits"));
    const fs::path locked = lock_file(limits.front());
    // What is gone has no holder, and others of these limits may still be there.
    const Lock lock = fs::exists(locked) ? try_lock(locked) : Lock{};
    result.in_use = lock.descriptor < 0 && fs::exists(locked);
    if (!result.in_use) put_back_all(limits, result);
    if (lock.descriptor >= 0) close(lock.descriptor);
  } catch (const std::exception& error) {
    result.failures.emplace_back(error.what());
  }
  std::error_code ignored;  // another start may have put them back at the same time
  if (!result.in_use && (result.failures.empty() || forget)) fs::remove(file, ignored);
  return result;
}

/// Empty where the environment names no folder.
fs::path find_state_folder() {
  // The XDG specification: a relative path is to be ignored.
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state == '/')
    return fs::path(state) / "alert-bench";
  if (const char* home = std::getenv("HOME"); home && *home == '/')
    return fs::path(home) / ".local" / "state" / "alert-bench";
  return {};
}

}  // namespace

fs::path state_folder() {
  if (fs::path folder = find_state_folder(); !folder.empty()) return folder;
  throw MachineError(
      "neither XDG_STATE_HOME nor HOME names a folder: the limits in force cannot be saved there "
      "before they are changed");
}

SavedLimits::SavedLimits(std::string limiter, std::vector<SavedLimit> limits)
    : limiter_(std::move(limiter)), limits_(std::move(limits)) {
  const fs::path folder = state_folder();
  file_ = folder / fmt::format("limits-{}-{}.json", limiter_, getpid());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) cannot_save(fmt::format("{}: {}", folder.string(), error.message()));
  const fs::path locked = lock_file(limits_.front());
  if (!limits_.front().gpu.empty())
    close(open(locked.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const Lock lock = try_lock(locked);
  if (lock.descriptor < 0)
    throw MachineError(
        fmt::format("the limiter \"{}\" is in use by process {} ({}); wait until it ends", limiter_,
                    lock.holder, locked.string()));
  lock_ = lock.descriptor;
  try {
    for (const SavedLimit& limit : limits_)
      if (value_now(limit) != limit.value)
        throw MachineError(fmt::format(
            "the limits of \"{}\" changed while this run started, by another run that was ending; "
            "start it again",
            limiter_));
    save(file_, to_json(limiter_, limits_).dump(2) + "\n");
  } catch (...) {
    close(lock_);
    throw;
  }
  at_end_.emplace([this] { put_back_now(); });
}

void SavedLimits::put_back_now() {
  LeftLimits result;
  put_back_all(limits_, result);
  std::error_code ignored;
  if (result.failures.empty()) fs::remove(file_, ignored);
  for (const std::string& failure : result.failures)
    warn(fmt::format("a limit is not put back: {}; try: alert-bench restore", failure));
}

SavedLimits::~SavedLimits() {
  put_back_now();
  close(lock_);
}

std::string LeftLimits::text() const {
  if (in_use) return fmt::format("{}: in use by process {}, which runs: left alone", limiter, pid);
  std::string text =
      fmt::format("{}: put back {} limit(s) that process {} left", limiter, restored, pid);
  if (!failures.empty())
    text += fmt::format("; {} could not be: {}", failures.size(), fmt::join(failures, "; "));
  return text;
}

std::vector<LeftLimits> restore_left_limits(bool forget) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(find_state_folder(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("limits-") && name.ends_with(".json")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<LeftLimits> results;
  for (const fs::path& file : files) results.push_back(restore_left(file, forget));
  return results;
}

}  // namespace bench
