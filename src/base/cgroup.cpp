#include "base/cgroup.hpp"

#include <fstream>
#include <sstream>

namespace bench {
namespace {

namespace fs = std::filesystem;

bool holds(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string found; std::getline(words, found, ',');)
    if (found == word) return true;
  return false;
}

/// A line of /proc/self/cgroup is "4:cpu,cpuacct:/path", of version 2 "0::/path".
std::optional<std::string> own_path(const fs::path& proc_self, const std::string& controller) {
  std::ifstream in(proc_self / "cgroup");
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? line.starts_with("0::") : holds(controllers, controller))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

struct Mount {
  fs::path folder;
  std::string root;  // the cgroup that the folder shows
};

/// A line of /proc/self/mountinfo is "id parent device root folder options... - type source
/// options" (proc(5)).
std::optional<Mount> mount_of(const fs::path& proc_self, const std::string& controller) {
  std::ifstream in(proc_self / "mountinfo");
  for (std::string line; std::getline(in, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::string skipped, type, source, options;
    Mount mount;
    std::istringstream(line) >> skipped >> skipped >> skipped >> mount.root >> mount.folder;
    std::istringstream(line.substr(dash + 3)) >> type >> source >> options;
    if (controller.empty() ? type == "cgroup2" : type == "cgroup" && holds(options, controller))
      return mount;
  }
  return std::nullopt;
}

}  // namespace

std::vector<fs::path> cgroup_folders(const std::string& controller, const fs::path& proc_self) {
  const auto mount = mount_of(proc_self, controller);
  auto path = own_path(proc_self, controller);
  if (!mount || !path) return {};
  // In a container without a namespace the path is the host's, of which the mount shows a part.
  if (mount->root != "/" && path->starts_with(mount->root)) path->erase(0, mount->root.size());
  std::vector<fs::path> folders;
  for (fs::path inner = fs::path(*path).relative_path(); !inner.empty();
       inner = inner.parent_path())
    if (fs::is_directory(mount->folder / inner)) folders.push_back(mount->folder / inner);
  folders.push_back(mount->folder);
  return folders;
}

}  // namespace bench
