#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// One of each kind that is no file: "link" to "file", "dangling", "pipe", "device", "folder".
struct OddFiles {
  test::TemporaryFolder folder;
  fs::path file = folder.write("file", "old");

  OddFiles() {
    fs::create_symlink(file, at("link"));
    fs::create_symlink(at("nothing"), at("dangling"));
    REQUIRE(mkfifo(at("pipe").c_str(), 0600) == 0);
    fs::create_directory(at("folder"));
    fs::create_symlink("/dev/zero", at("device"));
  }
  fs::path at(const std::string& name) const { return folder.path() / name; }
};

}  // namespace

TEST_CASE("files: reading refuses what is no file by its name, and waits for nothing") {
  const OddFiles odd;
  CHECK_THROWS_WITH(open_regular(odd.at("pipe")),
                    Contains("pipe: cannot read this file: it is a pipe"));
  CHECK_THROWS_WITH(read_text(odd.at("pipe"), 10),
                    Contains("it is a pipe that nobody has written to"));
  for (const auto read : {+[](const fs::path& file) { open_regular(file); },
                          +[](const fs::path& file) { read_text(file, 10); }}) {
    CHECK_THROWS_WITH(read(odd.at("folder")), Contains("cannot read this file: Is a directory"));
    CHECK_THROWS_WITH(read(odd.at("device")), Contains("cannot read this file: it is a device"));
    CHECK_THROWS_WITH(read(odd.at("nothing")), Contains("cannot read this file: No such file"));
    CHECK_THROWS_WITH(read(""), Contains("\"\": cannot read this file: No such file"));
    CHECK_NOTHROW(read(odd.at("link")));
  }
}

TEST_CASE("files: a text is as long as allowed, and no longer") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("f", "0123456789");
  CHECK(read_text(file, 10) == "0123456789");
  CHECK_THROWS_WITH(read_text(file, 9), Contains("it has 10 bytes, and 9 are allowed"));
  CHECK_THROWS_WITH(open_regular(file, 9), Contains("it has 10 bytes, and 9 are allowed"));
  // The size that the system tells is 0.
  CHECK_THROWS_WITH(read_text("/proc/self/status", 9), Contains("more than the 9 bytes"));
}

TEST_CASE("files: the text of a pipe can be had again") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const Descriptor reader(ends[0]);
  const fs::path file = "/dev/fd/" + std::to_string(reader.number());
  {
    const Descriptor writer(ends[1]);
    write_all(writer, "text", "pipe");
  }
  CHECK(read_text(file, 10) == "text");
  CHECK(read_text(file, 10) == "text");
  CHECK_THROWS_WITH(open_regular(file),
                    Contains("it is a pipe, which gives its content only once"));
}

TEST_CASE("files: lines, plain and gzip, with what is cut told") {
  const test::TemporaryFolder folder;
  const fs::path plain = folder.write("l", "one\n\nthree\nfou");
  LineReader lines(plain);
  CHECK(lines.next() == "one");
  CHECK(lines.next() == "");
  CHECK(lines.next() == "three");
  CHECK(lines.place() == plain.string() + ":3");
  CHECK_FALSE(lines.next());
  CHECK(lines.cut());

  const fs::path packed = folder.path() / "l.gz";
  const gzFile out = gzopen(packed.c_str(), "wb");
  const std::string text = "one\n" + std::string(20'000'000, 'x');
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  LineReader from_gzip(packed);
  CHECK(from_gzip.next() == "one");
  CHECK_THROWS_WITH(from_gzip.next(), packed.string() +
                                          ":2: /: this line has no end: more than the "
                                          "16777216 bytes allowed");
}

TEST_CASE("files: writing leaves alone what is no file") {
  const OddFiles odd;
  for (const auto write : {+[](const fs::path& file) { write_whole(file, "new"); },
                           +[](const fs::path& file) { create_file(file); },
                           +[](const fs::path& file) { open_to_append(file); }}) {
    for (const std::string link : {"link", "dangling", "device"})
      CHECK_THROWS_WITH(write(odd.at(link)), Contains(link + ": is a symbolic link, not a file"));
    CHECK_THROWS_WITH(write(odd.at("pipe")), Contains("is a pipe, not a file"));
    CHECK_THROWS_WITH(write(odd.at("folder")), Contains("is a folder, not a file"));
    CHECK_THROWS_WITH(write("/dev/null"), Contains("is a device or a socket, not a file"));
  }
  CHECK(content(odd.file) == "old");
  CHECK(fs::is_symlink(odd.at("link")));
  CHECK(fs::is_fifo(odd.at("pipe")));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_FALSE(fs::exists(odd.at("nothing")));
}

TEST_CASE("files: a second name of a file keeps its content") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("f", "old"), other = folder.path() / "other";
  fs::create_hard_link(file, other);
  CHECK_THROWS_WITH(open_to_append(file), Contains("has a second name (a hard link)"));
  write_whole(file, "new");
  CHECK(content(other) == "old");
  CHECK(content(file) == "new");
  CHECK_NOTHROW(open_to_append(file));
}

TEST_CASE("files: a file is written whole, or stays as it was") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("f", "old");
  {
    const test::FullDisk full(2);
    CHECK_THROWS_WITH(write_whole(file, "new"), file.string() + ": cannot write: File too large");
  }
  CHECK(content(file) == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("files: a name that is at fault is bad input, a disk is not") {
  const test::TemporaryFolder folder;
  const fs::path file = folder.path() / "f";
  CHECK_THROWS_AS(write_whole(folder.path() / "none" / "f", ""), InputError);
  CHECK_THROWS_AS(write_whole(folder.path() / std::string(256, 'x'), ""), InputError);
  CHECK_THROWS_AS(write_whole("", ""), InputError);
  const test::FullDisk full(1);
  CHECK_THROWS_AS(write_whole(file, "text"), std::runtime_error);
  try {
    write_whole(file, "text");
  } catch (const std::exception& error) {
    CHECK_FALSE(dynamic_cast<const InputError*>(&error));
  }
}
