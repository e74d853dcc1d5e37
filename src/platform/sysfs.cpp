#include "platform/sysfs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <system_error>

namespace bench {

FileError::FileError(const std::filesystem::path& file, const char* operation, int code)
    : MachineError(fmt::format("{}: cannot {} this file: {}", file.string(), operation,
                               std::generic_category().message(code))),
      code_(code) {}

FileError::FileError(const std::filesystem::path& file, std::string_view found)
    : MachineError(fmt::format("{}: must hold a whole number, found \"{}\"", file.string(),
                               found.substr(0, found.find('\n')))),
      code_(EINVAL) {}

SysfsFile::SysfsFile(std::filesystem::path file, Access access)
    : file_(std::move(file)),
      descriptor_(open(file_.c_str(),
                       (access == Access::write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC)) {
  if (descriptor_ < 0) fail(access == Access::write ? "write" : "read", errno);
}

SysfsFile::~SysfsFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void SysfsFile::fail(const char* operation, int code) const {
  throw FileError(file_, operation, code);
}

std::uint64_t SysfsFile::read_number() const {
  char text[32];
  const ssize_t length = pread(descriptor_, text, sizeof text, 0);
  if (length < 0) fail("read", errno);
  std::uint64_t value = 0;
  const char* const end = text + length;
  const auto [rest, error] = std::from_chars(text, end, value);
  // What a shorter number is written over stays behind its end, in a plain file.
  if (error != std::errc{} || (rest != end && !std::strchr(" \n", *rest)))
    throw FileError(file_, std::string_view(text, static_cast<std::size_t>(length)));
  return value;
}

void SysfsFile::write_number(std::uint64_t value) const {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text - 1, value).ptr;
  *end = '\n';
  const auto length = static_cast<std::size_t>(end + 1 - text);
  const ssize_t written = pwrite(descriptor_, text, length, 0);
  if (written != static_cast<ssize_t>(length)) fail("write", written < 0 ? errno : EIO);
}

std::string read_line(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) throw FileError(file, "read", errno ? errno : ENODATA);
  return line;
}

std::uint64_t read_number(const std::filesystem::path& file) {
  return SysfsFile(file).read_number();
}

}  // namespace bench
