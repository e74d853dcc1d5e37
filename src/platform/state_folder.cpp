#include "platform/state_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.hpp"
#include "platform/sysfs.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

/// Empty where the environment names no folder.
fs::path find_state_folder() {
  // The XDG specification: a relative path is to be ignored.
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state == '/')
    return fs::path(state) / "alert-bench";
  if (const char* home = std::getenv("HOME"); home && *home == '/')
    return fs::path(home) / ".local" / "state" / "alert-bench";
  return {};
}

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw MachineError(fmt::format(
      "{}: {}: what is saved there is not trusted. Set XDG_STATE_HOME to a folder of your own",
      path.string(), what));
}

struct stat look_at(const fs::path& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) throw FileError(path, "look at", errno);
  if (S_ISLNK(status.st_mode)) refuse(path, "is a link");
  return status;
}

void check_owner(const fs::path& path, const struct stat& status) {
  if (status.st_uid != geteuid())
    refuse(path, fmt::format("belongs to user {}, not to user {}, who runs this", status.st_uid,
                             geteuid()));
  if (status.st_mode & (S_IWGRP | S_IWOTH)) refuse(path, "other users may write to it");
}

}  // namespace

fs::path state_folder() {
  if (fs::path folder = find_state_folder(); !folder.empty()) return folder;
  throw MachineError(
      "neither XDG_STATE_HOME nor HOME names a folder: the limits in force cannot be saved there "
      "before they are changed");
}

bool has_state_folder() {
  std::error_code error;
  const fs::path folder = find_state_folder();
  return !folder.empty() && fs::exists(fs::symlink_status(folder, error));
}

void make_state_folder() {
  const fs::path folder = state_folder();
  fs::create_directories(folder.parent_path());
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw std::system_error(errno, std::generic_category());
}

void check_state_folder() {
  const fs::path folder = state_folder().lexically_normal();
  fs::path on_the_way;
  for (const fs::path& name : folder) {
    on_the_way /= name;
    const struct stat status = look_at(on_the_way);
    if (!S_ISDIR(status.st_mode)) refuse(on_the_way, "is not a folder");
    if (on_the_way == folder) return check_owner(folder, status);
    if (status.st_uid != 0 && status.st_uid != geteuid())
      refuse(on_the_way, fmt::format("belongs to user {}, not to user {}, who runs this",
                                     status.st_uid, geteuid()));
    if ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
      refuse(on_the_way, "every user may change what is in it");
  }
}

void check_state_file(const fs::path& file) {
  const struct stat status = look_at(file);
  if (!S_ISREG(status.st_mode)) refuse(file, "is not a regular file");
  if (status.st_nlink != 1) refuse(file, "has a second name");
  check_owner(file, status);
}

}  // namespace bench
