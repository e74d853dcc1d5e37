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
#include <regex>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/console.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "platform/nvml.hpp"
#include "platform/state_folder.hpp"
#include "platform/sysfs.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// The file whose lock says who holds a limiter: what is limited, so that all users of the machine
/// see it; a GPU has none.
fs::path lock_file(const FileLimit& limit) { return limit.file; }
fs::path lock_file(const GpuLimit& limit) { return state_folder() / (limit.uuid + ".lock"); }
fs::path lock_file(const SavedLimit& limit) {
  return std::visit([](const auto& one) { return lock_file(one); }, limit);
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
  const int descriptor = open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) throw FileError(file, "read", errno);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return {descriptor, 0};
  const int code = errno;
  const int holder = lock_holder(descriptor);
  close(descriptor);
  if (code != EWOULDBLOCK) throw FileError(file, "lock", code);
  return {-1, holder};
}

bool in_force(const FileLimit& limit) { return read_number(limit.file) == limit.value; }
bool in_force(const GpuLimit& limit) { return gpu_power_limit_mw(limit.uuid) == limit.limit_mw; }

void put_back(const GpuLimit& limit) { set_gpu_power_limit_mw(limit.uuid, limit.limit_mw); }
void put_back(const FileLimit& limit) {
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
      std::visit([](const auto& one) { put_back(one); }, limit);
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

/// What can be a limit of ours, and how large one is that any machine has.
struct KnownLimit {
  std::regex file;
  std::uint64_t most;
};

const std::vector<KnownLimit>& known_limits() {
  static const std::vector<KnownLimit> known = {
      {std::regex(R"(/.*/class/powercap/intel-rapl(-mmio)?:\d+/constraint_\d+_power_limit_uw)"),
       100'000'000'000},
      {std::regex(R"(/.*/class/powercap/intel-rapl(-mmio)?:\d+/enabled)"), 1},
      {std::regex(R"(/.*/devices/system/cpu/cpufreq/policy\d+/scaling_max_freq)"), 100'000'000}};
  return known;
}

constexpr std::uint64_t most_gpu_limit_mw = 10'000'000;

FileLimit parse_file_limit(const JsonValue& item) {
  const JsonValue file = item.at("file");
  const fs::path path = file.string();
  const auto known = std::ranges::find_if(known_limits(), [&](const KnownLimit& limit) {
    return path == path.lexically_normal() && std::regex_match(path.string(), limit.file);
  });
  if (known == known_limits().end())
    file.fail(fmt::format("\"{}\" is no power limit: it is left alone", path.string()));
  return {path, item.at("value").count(0, known->most)};
}

GpuLimit parse_gpu_limit(const JsonValue& item) {
  const JsonValue uuid = item.at("gpu");
  if (!std::regex_match(uuid.string(), std::regex("[A-Za-z0-9-]+")))
    uuid.fail(fmt::format("\"{}\" is no GPU's UUID", uuid.string()));
  return {uuid.string(), item.at("value").count(1, most_gpu_limit_mw)};
}

std::vector<SavedLimit> parse_limits(const JsonValue& list) {
  std::vector<SavedLimit> limits;
  for (const JsonValue& item : list.items()) {
    if (item.find("gpu"))
      limits.push_back(parse_gpu_limit(item));
    else
      limits.push_back(parse_file_limit(item));
  }
  if (limits.empty()) list.fail("must have at least one limit");
  return limits;
}

Json to_json(const FileLimit& limit) {
  return {{"file", limit.file.string()}, {"value", limit.value}};
}
Json to_json(const GpuLimit& limit) { return {{"gpu", limit.uuid}, {"value", limit.limit_mw}}; }

Json to_json(const std::string& limiter, const std::vector<SavedLimit>& limits) {
  Json list = Json::array();
  for (const SavedLimit& limit : limits)
    list.push_back(std::visit([](const auto& one) { return to_json(one); }, limit));
  return {{"schema_version", schema_version},
          {"limiter", limiter},
          {"pid", getpid()},
          {"limits", std::move(list)}};
}

LeftLimits restore_left(const fs::path& file, bool forget) {
  LeftLimits result;
  try {
    check_state_file(file);
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

}  // namespace

SavedLimits::SavedLimits(std::string limiter, std::vector<SavedLimit> limits)
    : limiter_(std::move(limiter)), limits_(std::move(limits)) {
  const fs::path folder = state_folder();
  file_ = folder / fmt::format("limits-{}-{}.json", limiter_, getpid());
  try {
    make_state_folder();
  } catch (const std::system_error& error) {
    cannot_save(fmt::format("{}: {}", folder.string(), error.code().message()));
  }
  check_state_folder();
  const Json document = to_json(limiter_, limits_);
  // What could not be put back from there must not be changed.
  parse_limits(JsonValue::from(document, file_.string()).at("limits"));
  const fs::path locked = lock_file(limits_.front());
  if (std::holds_alternative<GpuLimit>(limits_.front()))
    close(open(locked.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  const Lock lock = try_lock(locked);
  if (lock.descriptor < 0)
    throw MachineError(
        fmt::format("the limiter \"{}\" is in use by process {} ({}); wait until it ends", limiter_,
                    lock.holder, locked.string()));
  lock_ = lock.descriptor;
  try {
    for (const SavedLimit& limit : limits_)
      if (!std::visit([](const auto& one) { return in_force(one); }, limit))
        throw MachineError(fmt::format(
            "the limits of \"{}\" changed while this run started, by another run that was ending; "
            "start it again",
            limiter_));
    save(file_, document.dump(2) + "\n");
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
  if (limiter.empty())
    return fmt::format("limits that a killed run left: {}", fmt::join(failures, "; "));
  std::string text =
      fmt::format("{}: put back {} limit(s) that process {} left", limiter, restored, pid);
  if (!failures.empty())
    text += fmt::format("; {} could not be: {}", failures.size(), fmt::join(failures, "; "));
  return text;
}

std::vector<LeftLimits> restore_left_limits(bool forget) {
  if (!has_state_folder()) return {};
  try {
    check_state_folder();
  } catch (const MachineError& error) {
    LeftLimits untrusted;
    untrusted.failures.emplace_back(error.what());
    return {untrusted};
  }
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state_folder(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("limits-") && name.ends_with(".json")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<LeftLimits> results;
  for (const fs::path& file : files) results.push_back(restore_left(file, forget));
  return results;
}

}  // namespace bench
