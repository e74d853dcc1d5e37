// Trees of small files, as the kernel shows its hardware.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "support/temporary_folder.hpp"

namespace test {

class SysfsTree {
 public:
  std::filesystem::path path(const std::string& file = "") const { return folder_->path() / file; }

  /// Makes the file, and the folders on the way, anew.
  void write(const std::string& file, const std::string& content) const {
    std::filesystem::create_directories(path(file).parent_path());
    // In place: an open file sees it.
    std::ofstream(path(file), std::ios::binary) << content << '\n';
  }
  void write(const std::map<std::string, std::string>& files) const {
    for (const auto& [file, content] : files) write(file, content);
  }
  /// How the file behaves (fake_kernel.cpp).
  void rule(const std::string& file, const std::string& text) const { write(file + ".rule", text); }
  void remove_rule(const std::string& file) const { std::filesystem::remove(path(file + ".rule")); }

  unsigned long long number(const std::string& file) const {
    std::ifstream in(path(file));
    unsigned long long value = 0;
    in >> value;
    return value;
  }

 private:
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

}  // namespace test
