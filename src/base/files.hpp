// Files as this program reads and writes them. Reading is bounded, and never waits for a pipe that
// nobody writes to; writing goes to plain files only, never through a link to somewhere else.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct gzFile_s;

namespace bench {

/// A file descriptor of its own.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;

  int number() const { return number_; }
  int release();  ///< whoever calls closes it

 private:
  int number_;
};

/// A regular file for reading: what is read more than once, in parts, or by a library. Throws
/// InputError where it is missing, a folder, a pipe, a device, or over `max_bytes`.
Descriptor open_regular(const std::filesystem::path& file, std::uint64_t max_bytes = UINT64_MAX);

/// The whole text of a file, or of a pipe: <(...) and /dev/stdin. A pipe gives its text only once,
/// so that is kept, and the same file can be read again. Throws InputError as above.
std::string read_text(const std::filesystem::path& file, std::uint64_t max_bytes);

/// The lines of a regular file, plain or gzip, one at a time.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& file);

  /// The next whole line, valid until the next call; nothing where there is none. Throws InputError
  /// for a line that is longer than any of ours.
  std::optional<std::string_view> next();
  /// Where next() gave nothing: the file breaks off inside a line or inside its gzip stream.
  bool cut() const { return cut_; }
  /// "file:line" of the line that next() gave last.
  std::string place() const;
  std::string next_place() const;

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  bool refill();

  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::string buffer_;        // from the first line not yet given on
  std::size_t begin_ = 0;     // of the next line
  std::size_t searched_ = 0;  // no line ends between begin_ and here
  std::size_t number_ = 0;    // of the line given last
  bool cut_ = false;
};

/// What zlib says of the last error of an open gzip file, without the name that zlib has for it.
/// `status` becomes zlib's code, Z_OK where there is no error.
std::string gzip_error(gzFile_s* file, int& status);

/// Throws InputError where `file` is there and is no regular file: a link, a pipe, a device.
void check_replaceable(const std::filesystem::path& file);

/// A new, empty file in the place of an old one, whose other names keep the old content. Throws as
/// check_replaceable() and fail_to_write().
Descriptor create_file(const std::filesystem::path& file, mode_t mode = 0666);

/// A file at whose end will be written, made where it is missing. Throws InputError where it is no
/// regular file, is a link, or has a second name, whose content would change with it.
Descriptor open_to_append(const std::filesystem::path& file);

/// A file that is whole and on the disk, or as it was: written beside, then renamed. Throws as
/// check_replaceable() and fail_to_write().
void write_whole(const std::filesystem::path& file, std::string_view text, mode_t mode = 0666);

/// Throws as write_whole() would, where that is known before; changes nothing.
void check_writable(const std::filesystem::path& file);

/// Writes all of it, or throws as fail_to_write().
void write_all(const Descriptor& descriptor, std::string_view text,
               const std::filesystem::path& file);

/// "file: cannot write: No space left on device", with an errno. InputError where the name is at
/// fault (no such folder, no permission, too long), else std::runtime_error.
[[noreturn]] void fail_to_write(const std::filesystem::path& file, int error,
                                std::string_view operation = "write");

}  // namespace bench
