#include "base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/interrupt.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk = 1 << 16, longest_line = 1 << 24;

std::string reason(int error) { return std::generic_category().message(error); }

/// A path as messages name it.
std::string name_of(const fs::path& file) { return file.empty() ? "\"\"" : file.string(); }

[[noreturn]] void fail_to_read(const fs::path& file, std::string_view why) {
  throw InputError(fmt::format("{}: cannot read this file: {}", name_of(file), why));
}

struct Opened {
  Descriptor descriptor;
  struct stat status {};
};

/// A regular file or a pipe.
Opened open_to_read(const fs::path& file, std::uint64_t max_bytes) {
  // Not blocking: else a pipe without a writer would be waited for here.
  Opened opened{Descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK))};
  if (opened.descriptor.number() < 0 || fstat(opened.descriptor.number(), &opened.status) != 0)
    fail_to_read(file, reason(errno));
  const auto& [descriptor, status] = opened;
  if (S_ISDIR(status.st_mode)) fail_to_read(file, reason(EISDIR));
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
    fail_to_read(file, "it is a device or a socket");
  if (static_cast<std::uint64_t>(status.st_size) > max_bytes)
    fail_to_read(file,
                 fmt::format("it has {} bytes, and {} are allowed", status.st_size, max_bytes));
  return opened;
}

std::string read_to_end(const Descriptor& descriptor, const fs::path& file,
                        std::uint64_t max_bytes) {
  std::string text;
  for (;;) {
    stop_if_interrupted();
    const std::size_t size = text.size();
    text.resize(size + chunk);
    const ssize_t got = read(descriptor.number(), text.data() + size, chunk);
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    if (got == 0) return text;
    if (got < 0 && errno == EAGAIN) {  // a pipe with a writer, which is waited for
      pollfd ready{descriptor.number(), POLLIN, 0};
      poll(&ready, 1, -1);  // a signal ends it
    } else if (got < 0 && errno != EINTR) {
      fail_to_read(file, reason(errno));
    }
    if (text.size() > max_bytes)
      fail_to_read(file, fmt::format("it has more than the {} bytes that are allowed", max_bytes));
  }
}

void refuse_other_than_file(const fs::path& file, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return;
  const char* kind = S_ISLNK(status.st_mode)    ? "a symbolic link"
                     : S_ISDIR(status.st_mode)  ? "a folder"
                     : S_ISFIFO(status.st_mode) ? "a pipe"
                                                : "a device or a socket";
  throw InputError(fmt::format("{}: is {}, not a file, and is left alone", name_of(file), kind));
}

/// Where a file is written before it takes its place.
fs::path part_of(const fs::path& file) { return file.string() + ".part"; }

/// So that a rename is on the disk. Not every file system can; the file itself is safe anyway.
void sync_folder_of(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() >= 0) fsync(descriptor.number());
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

int Descriptor::release() { return std::exchange(number_, -1); }

Descriptor open_regular(const fs::path& file, std::uint64_t max_bytes) {
  Opened opened = open_to_read(file, max_bytes);
  if (!S_ISREG(opened.status.st_mode))
    fail_to_read(file,
                 "it is a pipe, which gives its content only once, and it is read more than once; "
                 "write it to a file first");
  return std::move(opened.descriptor);
}

std::string read_text(const fs::path& file, std::uint64_t max_bytes) {
  static std::map<std::pair<dev_t, ino_t>, std::string> pipes;
  const auto [descriptor, status] = open_to_read(file, max_bytes);
  if (S_ISREG(status.st_mode)) return read_to_end(descriptor, file, max_bytes);
  const std::pair key(status.st_dev, status.st_ino);
  auto pipe = pipes.find(key);
  if (pipe == pipes.end())
    pipe = pipes.emplace(key, read_to_end(descriptor, file, max_bytes)).first;
  if (pipe->second.empty()) fail_to_read(file, "it is a pipe that nobody has written to");
  return pipe->second;
}

void LineReader::Close::operator()(gzFile_s* file) const { gzclose(file); }

// zlib reads plain files too: both kinds go one way.
LineReader::LineReader(const fs::path& file) : name_(file.string()) {
  Descriptor descriptor = open_regular(file);
  file_.reset(gzdopen(descriptor.number(), "rb"));
  if (!file_) throw std::bad_alloc();
  descriptor.release();
}

std::optional<std::string_view> LineReader::next() {
  for (;;) {
    const auto end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      const std::string_view line(buffer_.data() + begin_, end - begin_);
      begin_ = searched_ = end + 1;
      ++number_;
      return line;
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    searched_ = buffer_.size();
    if (!refill()) return std::nullopt;
  }
}

std::string LineReader::place() const { return fmt::format("{}:{}", name_, number_); }
std::string LineReader::next_place() const { return fmt::format("{}:{}", name_, number_ + 1); }

std::string gzip_error(gzFile_s* file, int& status) {
  std::string text = gzerror(file, &status);
  if (text.starts_with("<fd:")) text.erase(0, text.find(": ") + 2);
  return text;
}

bool LineReader::refill() {
  stop_if_interrupted();
  const std::size_t kept = buffer_.size();
  if (kept > longest_line)
    throw InputError(fmt::format("{}: /: this line has no end: more than the {} bytes allowed",
                                 next_place(), longest_line));
  buffer_.resize(kept + chunk);
  const int got = gzread(file_.get(), buffer_.data() + kept, chunk);
  int status = Z_OK;
  const std::string why = gzip_error(file_.get(), status);
  if (got < 0) fail_to_read(name_, status == Z_ERRNO ? reason(errno) : why);
  buffer_.resize(kept + static_cast<std::size_t>(got));
  if (got == 0) cut_ = kept > 0 || status == Z_BUF_ERROR;
  return got > 0;
}

void fail_to_write(const fs::path& file, int error, std::string_view operation) {
  const std::string text =
      fmt::format("{}: cannot {}: {}", name_of(file), operation, reason(error));
  constexpr std::array of_the_name = {EACCES, ENOENT, ENOTDIR, EISDIR,       ELOOP,
                                      EPERM,  EROFS,  EEXIST,  ENAMETOOLONG, ENXIO};
  if (std::ranges::find(of_the_name, error) != of_the_name.end()) throw InputError(text);
  throw std::runtime_error(text);
}

Descriptor create_file(const fs::path& file, mode_t mode) {
  check_replaceable(file);
  unlink(file.c_str());
  Descriptor descriptor(
      open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (descriptor.number() < 0) fail_to_write(file, errno);
  return descriptor;
}

Descriptor open_to_append(const fs::path& file) {
  check_replaceable(file);
  // What comes in between is no link to be followed, and no pipe to be waited for.
  Descriptor descriptor(open(
      file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
  struct stat status {};
  if (descriptor.number() < 0 || fstat(descriptor.number(), &status) != 0)
    fail_to_write(file, errno);
  refuse_other_than_file(file, status);
  if (status.st_nlink > 1)
    throw InputError(fmt::format(
        "{}: has a second name (a hard link), whose content would change too: left alone",
        name_of(file)));
  return descriptor;
}

void check_replaceable(const fs::path& file) {
  struct stat status {};
  if (lstat(file.c_str(), &status) == 0) refuse_other_than_file(file, status);
}

void write_all(const Descriptor& descriptor, std::string_view text, const fs::path& file) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor.number(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_to_write(file, written < 0 ? errno : ENOSPC);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void check_writable(const fs::path& file) {
  check_replaceable(file);
  const fs::path part = part_of(file);
  create_file(part);
  unlink(part.c_str());
}

void write_whole(const fs::path& file, std::string_view text, mode_t mode) {
  check_replaceable(file);
  const fs::path part = part_of(file);
  const Descriptor descriptor = create_file(part, mode);
  try {
    write_all(descriptor, text, file);
    if (fsync(descriptor.number()) != 0 || rename(part.c_str(), file.c_str()) != 0)
      fail_to_write(file, errno);
  } catch (...) {
    unlink(part.c_str());
    throw;
  }
  sync_folder_of(file);
}

}  // namespace bench
