#include "suite/formats.hpp"

#include <sys/stat.h>
#include <zlib.h>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;

namespace {

/// An IDX file of unsigned bytes.
std::string idx(const std::vector<std::uint32_t>& shape, const std::string& bytes) {
  std::string content{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const std::uint32_t size : shape)
    for (const int shift : {24, 16, 8, 0}) content += static_cast<char>(size >> shift);
  return content + bytes;
}

std::string gzip(const test::TemporaryFolder& folder, const std::string& content) {
  const auto file = folder.path() / "gzip";
  const gzFile out = gzopen(file.c_str(), "wb");
  gzwrite(out, content.data(), static_cast<unsigned>(content.size()));
  gzclose(out);
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Three images of 2 x 2 and their labels.
struct Fixture {
  test::TemporaryFolder folder;
  std::string images = idx({3, 2, 2}, {"\x00\x01\x02\x03\x33\x66\x99\xcc\xfc\xfd\xfe\xff", 12});
  std::string labels = idx({3}, {"\x00\x09\x05", 3});
  Suite suite;

  Fixture() {
    suite.name = "tiny";
    suite.classes = 10;
    suite.data.files = IdxFiles{folder.path() / "images", folder.path() / "labels"};
    suite.data.debian_package = "dataset-tiny";
    suite.data.profiling = {0, 0};
    suite.data.evaluation = {1, 2};
  }

  std::filesystem::path images_file() const { return folder.path() / "images"; }
  std::filesystem::path labels_file() const { return folder.path() / "labels"; }

  std::unique_ptr<Dataset> read() const {
    folder.write("images", images);
    folder.write("labels", labels);
    return open_dataset(suite, 1);
  }

  std::string error() const {
    try {
      read();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

  std::string images_error(std::string_view message) const {
    return images_file().string() + ": " + std::string(message);
  }
  std::string labels_error(std::string_view message) const {
    return labels_file().string() + ": " + std::string(message);
  }
};

}  // namespace

TEST_CASE("a data set from IDX files, plain or gzip") {
  Fixture tiny;
  if (GENERATE(false, true)) {
    tiny.images = gzip(tiny.folder, tiny.images);
    tiny.labels = gzip(tiny.folder, tiny.labels);
  }
  const auto data = tiny.read();
  CHECK(data->size() == 3);
  CHECK_FALSE(data->sequential());
  CHECK(data->describe(2) == "image 2 of " + tiny.images_file().string());
  const std::vector<std::size_t> indices{2, 1};
  const Burst burst = data->burst(indices, 0);
  CHECK(burst.shape == std::vector<std::size_t>{2, 1, 2, 2});
  CHECK(burst.labels == std::vector<std::uint32_t>{5, 9});
  CHECK(std::get<std::vector<float>>(burst.values) == std::vector<float>{252 / 255.f, 253 / 255.f,
                                                                         254 / 255.f, 1.f,  //
                                                                         0.2f, 0.4f, 0.6f, 0.8f});
}

TEST_CASE("an IDX file larger than what is read at once") {
  const test::TemporaryFolder folder;
  std::string bytes(3'000'000, 'x');
  bytes.back() = 'y';
  const Idx read = read_idx(folder.write("file", gzip(folder, idx({3, 1'000'000}, bytes))));
  CHECK(read.shape == std::vector<std::size_t>{3, 1'000'000});
  CHECK(std::string(read.bytes.begin(), read.bytes.end()) == bytes);
}

TEST_CASE("a small file that would fill the memory") {
  const test::TemporaryFolder folder;
  const std::string bomb = gzip(folder, idx({100'000'000}, std::string(100'000'000, '\0')));
  CHECK(bomb.size() < 150'000);
  const auto file = folder.write("file", bomb);
  CHECK_THROWS_WITH(read_idx(file),
                    Catch::Matchers::StartsWith(file.string() + ": holds more than the ") &&
                        Catch::Matchers::Contains("100 times its compressed size"));
}

TEST_CASE("a pipe as data is refused by its name, and not waited for") {
  const test::TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_idx(pipe), Catch::Matchers::StartsWith(
                                        pipe.string() + ": cannot read this file: it is a pipe"));
  CHECK_THROWS_WITH(read_clip(pipe), Catch::Matchers::StartsWith(
                                         pipe.string() + ": cannot read this file: it is a pipe"));
  CHECK_THROWS_WITH(read_lines(pipe), Catch::Matchers::StartsWith(
                                          pipe.string() + ": cannot read this file: it is a pipe"));
}

TEST_CASE("data that is not installed") {
  Fixture tiny;
  CHECK_THROWS_AS(open_dataset(tiny.suite, 1), MachineError);
  CHECK_THROWS_WITH(open_dataset(tiny.suite, 1),
                    tiny.images_error("the data of suite \"tiny\" is not there; get it with: "
                                      "apt-get install dataset-tiny"));
  tiny.folder.write("images", tiny.images);
  tiny.suite.data.debian_package.clear();
  CHECK_THROWS_WITH(open_dataset(tiny.suite, 1),
                    tiny.labels_error("the data of suite \"tiny\" is not there"));
  tiny.suite.data.setup = "scripts/setup.py";
  CHECK_THROWS_WITH(
      open_dataset(tiny.suite, 1),
      tiny.labels_error("the data of suite \"tiny\" is not there; run: scripts/setup.py"));
}

TEST_CASE("files that are not IDX") {
  Fixture tiny;
  const auto not_idx = [&](const std::string& found) {
    return tiny.images_error(
        "not an IDX file of unsigned bytes: must start with 00 00 08 and the number of "
        "dimensions, " +
        found);
  };
  tiny.images[0] ^= 1;
  CHECK(tiny.error() == not_idx("starts with 01 00 08 03"));
  tiny.images[0] ^= 1;
  tiny.images[1] ^= 1;
  CHECK(tiny.error() == not_idx("starts with 00 01 08 03"));
  tiny.images[1] ^= 1;
  tiny.images[2] = 0x0c;
  CHECK(tiny.error() == not_idx("starts with 00 00 0c 03"));
  tiny.images[2] = 0x08;
  tiny.images[3] = 0;
  CHECK(tiny.error() == not_idx("starts with 00 00 08 00"));
  tiny.images = "";
  CHECK(tiny.error() == not_idx("is empty"));
  tiny.images = std::string("\0\0\x08", 3);
  CHECK(tiny.error() == not_idx("starts with 00 00 08"));
}

TEST_CASE("IDX files that are too short or too long") {
  Fixture tiny;
  const std::string whole = tiny.images;
  tiny.images = whole.substr(0, 15);
  CHECK(tiny.error() == tiny.images_error("truncated in its IDX header"));
  tiny.images = whole.substr(0, whole.size() - 1);
  CHECK(tiny.error() == tiny.images_error("its IDX header says 3 x 2 x 2 bytes of data, found 11"));
  tiny.images = whole + "x";
  CHECK(tiny.error() == tiny.images_error("its IDX header says 3 x 2 x 2 bytes of data, found 13"));
  // 2^64 bytes, which is 0 where it overflows.
  tiny.images = idx({1u << 31, 1u << 31, 4}, "");
  CHECK(tiny.error() == tiny.images_error("its IDX header says 2147483648 x 2147483648 x 4 bytes "
                                          "of data, found 0"));
}

TEST_CASE("gzip files that are cut short or damaged") {
  Fixture tiny;
  const std::string whole = gzip(tiny.folder, tiny.images);
  tiny.images = whole.substr(0, whole.size() - 1);
  CHECK(tiny.error() == tiny.images_error("cannot decompress this file: unexpected end of file"));
  tiny.images = whole;
  tiny.images[whole.size() - 8] ^= 1;  // of the CRC-32
  CHECK(tiny.error() == tiny.images_error("cannot decompress this file: incorrect data check"));
}

TEST_CASE("images and labels that do not fit the suite or each other") {
  Fixture tiny;
  SECTION("flat images") {
    tiny.images = idx({3, 4}, std::string(12, 'x'));
    CHECK(tiny.error() ==
          tiny.images_error("must have 3 dimensions (images, rows, columns), has 2"));
  }
  SECTION("images without pixels") {
    tiny.images = idx({3, 0, 2}, "");
    CHECK(tiny.error() == tiny.images_error("has no pixels: 3 x 0 x 2"));
  }
  SECTION("labels of two dimensions") {
    tiny.labels = idx({3, 1}, std::string(3, '\0'));
    CHECK(tiny.error() == tiny.labels_error("must have 1 dimension, has 2"));
  }
  SECTION("fewer labels than images") {
    tiny.labels = idx({2}, std::string(2, '\0'));
    CHECK(tiny.error() ==
          tiny.labels_error("has 2 labels, but " + tiny.images_file().string() + " has 3 images"));
  }
  SECTION("a label outside the classes") {
    tiny.suite.classes = 9;
    CHECK(tiny.error() == tiny.labels_error("label of item 1 is 9, but the suite has 9 classes"));
  }
  SECTION("splits beyond the data") {
    tiny.suite.data.evaluation = {1, 3};
    CHECK(tiny.error() == "suite \"tiny\": the evaluation split is [1, 3], but " +
                              tiny.images_file().string() + " has only 3 items");
    tiny.suite.data.profiling = {3, 3};
    CHECK(tiny.error().starts_with("suite \"tiny\": the profiling split is [3, 3]"));
  }
}
