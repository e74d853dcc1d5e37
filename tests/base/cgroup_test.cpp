#include "base/cgroup.hpp"

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
namespace fs = std::filesystem;

namespace {

/// A process's view, and the mounted folders that it names.
struct Fixture {
  test::TemporaryFolder folder;

  fs::path make(const std::string& name) const {
    fs::create_directories(folder.path() / name);
    return folder.path() / name;
  }
  std::string mount(const std::string& root, const std::string& name,
                    const std::string& type) const {
    return "30 24 0:26 " + root + " " + make(name).string() + " rw,relatime shared:4 - " + type +
           "\n";
  }
  std::vector<fs::path> folders(const std::string& controller) const {
    return cgroup_folders(controller, folder.path());
  }
};

}  // namespace

TEST_CASE("a process's cgroups, innermost first, of both versions") {
  const Fixture tree;
  tree.folder.write("cgroup", "3:cpu,cpuacct:/jobs\n0::/user/app\n");
  tree.folder.write("mountinfo", tree.mount("/", "unified", "cgroup2 cgroup2 rw") +
                                     tree.mount("/", "cpu", "cgroup cgroup rw,cpu,cpuacct"));
  const fs::path app = tree.make("unified/user/app"), jobs = tree.make("cpu/jobs");
  CHECK(tree.folders("") == std::vector{app, app.parent_path(), tree.make("unified")});
  CHECK(tree.folders("cpu") == std::vector{jobs, tree.make("cpu")});
  CHECK(tree.folders("memory").empty());
}

TEST_CASE("a cgroup in a container: the mount shows a part of the host's") {
  const Fixture tree;
  tree.folder.write("cgroup", "0::/docker/ab12\n");
  tree.folder.write("mountinfo", tree.mount("/docker/ab12", "unified", "cgroup2 cgroup2 rw"));
  CHECK(tree.folders("") == std::vector{tree.make("unified")});
}
