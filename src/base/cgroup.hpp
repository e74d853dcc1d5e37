// Where this process stands among the control groups.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// The folders of this process's cgroup and of those above it that can be seen, innermost first.
/// `controller` is of version 1 ("cpu"), or empty for the unified hierarchy of version 2. Nothing
/// where there is no such hierarchy.
std::vector<std::filesystem::path> cgroup_folders(
    const std::string& controller, const std::filesystem::path& proc_self = "/proc/self");

}  // namespace bench
