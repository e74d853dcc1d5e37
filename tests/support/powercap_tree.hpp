// A powercap tree of two packages, the first with DRAM, as /sys/class/powercap shows it.
#pragma once

#include <string>

#include "support/sysfs_tree.hpp"

namespace test {

inline constexpr unsigned long long energy_range_uj = 262'143'328'850;

inline void add_energy(const SysfsTree& tree, const std::string& zone, const std::string& name) {
  tree.write({{zone + "/name", name},
              {zone + "/energy_uj", "1000000"},
              {zone + "/max_energy_range_uj", std::to_string(energy_range_uj)},
              {zone + "/enabled", "1"}});
}

/// Limits of 28 W and 44 W, of 28 W at most.
inline void add_package(const SysfsTree& tree, const std::string& zone, const std::string& name) {
  add_energy(tree, zone, name);
  tree.write({{zone + "/constraint_0_name", "long_term"},
              {zone + "/constraint_0_power_limit_uw", "28000000"},
              {zone + "/constraint_0_max_power_uw", "28000000"},
              {zone + "/constraint_0_time_window_us", "27983872"},
              {zone + "/constraint_1_name", "short_term"},
              {zone + "/constraint_1_power_limit_uw", "44000000"},
              {zone + "/constraint_1_time_window_us", "2440"}});
}

/// The packages' counters count by themselves, as the caps allow.
inline void let_count(const SysfsTree& tree, const std::string& zone, double power_w) {
  tree.rule(zone + "/energy_uj", "energy " + std::to_string(power_w) + " " +
                                     std::to_string(energy_range_uj) + " " +
                                     tree.path(zone + "/constraint_0_power_limit_uw").string());
}

inline SysfsTree two_packages() {
  SysfsTree tree;
  add_package(tree, "intel-rapl:0", "package-0");
  add_package(tree, "intel-rapl:1", "package-1");
  add_energy(tree, "intel-rapl:0:0", "core");
  add_energy(tree, "intel-rapl:0:1", "dram");
  // So slowly that the counters never reach the 1 J that the files hold by themselves.
  let_count(tree, "intel-rapl:0", 0.2);
  let_count(tree, "intel-rapl:1", 0.2);
  return tree;
}

}  // namespace test
