// Files of the kernel that hold one number or one word: opened once, read and written in place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace bench {

/// A file that cannot be opened, read or written. The message names it.
class FileError : public MachineError {
 public:
  FileError(const std::filesystem::path& file, const char* operation, int code);
  /// One that holds something else than a number.
  FileError(const std::filesystem::path& file, std::string_view found);
  int code() const { return code_; }  ///< an errno

 private:
  int code_;
};

class SysfsFile {
 public:
  enum class Access { read, write };  ///< write: read as well

  /// Never through a link: the kernel's own files are none. Throws FileError.
  explicit SysfsFile(std::filesystem::path file, Access access = Access::read);
  ~SysfsFile();
  SysfsFile(SysfsFile&& other) noexcept
      : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  SysfsFile& operator=(SysfsFile&&) = delete;

  const std::filesystem::path& path() const { return file_; }
  int descriptor() const { return descriptor_; }

  // All three throw FileError, and do not allocate where they succeed.
  std::uint64_t read_number() const;
  void write_number(std::uint64_t value) const;
  [[noreturn]] void fail(const char* operation, int code) const;

 private:
  std::filesystem::path file_;
  int descriptor_;
};

/// The first line of a file; throws FileError.
std::string read_line(const std::filesystem::path& file);
std::uint64_t read_number(const std::filesystem::path& file);

}  // namespace bench
