#include "base/error.hpp"
#include "base/sha256.hpp"
#include "suite/formats.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;

namespace {

struct Fixture {
  test::TemporaryFolder folder;
  std::string sentences = "the cat sat\nthe dog  ran away\ncat\n";
  std::string vocabulary = "<unknown>\n<s>\nthe\ncat\nsat\nran\n";
  Suite suite;

  Fixture() {
    suite.name = "tiny";
    suite.classes = 6;
    suite.data.profiling = {0, 0};
    suite.data.evaluation = {1, 2};
    suite.data.setup = "scripts/setup.py";
  }

  std::unique_ptr<Dataset> read() {
    TextFiles files;
    files.sentences = folder.write("sentences", sentences);
    files.vocabulary = folder.write("vocabulary", vocabulary);
    files.sentences_sha256 = sha256_hex(files.sentences);
    files.vocabulary_sha256 = sha256_hex(files.vocabulary);
    suite.data.files = files;
    return open_dataset(suite, 1);
  }

  std::string error() {
    try {
      read();
    } catch (const InputError& error) {
      std::string message = error.what();
      return message.substr(folder.path().string().size() + 1);
    }
    return "no error";
  }
};

}  // namespace

TEST_CASE("each word of a sentence is an input: what came before it, and it as the label") {
  Fixture tiny;
  const auto data = tiny.read();
  CHECK(data->sequential());
  CHECK(data->size() == 3);
  CHECK(data->inputs(0) == 3);
  CHECK(data->inputs(1) == 4);
  CHECK(data->describe(1) == (tiny.folder.path() / "sentences:2").string());

  const std::size_t item = 1;
  const std::vector<std::int64_t> words{1, 2, 0, 5};  // "<s> the <unknown> ran"
  const std::vector<std::uint32_t> labels{2, 0, 5, 0};
  for (std::size_t position = 0; position < 4; ++position) {
    const Burst burst = data->burst(std::span(&item, 1), position);
    CHECK(burst.shape == std::vector<std::size_t>{1, position + 1});
    CHECK(std::get<std::vector<std::int64_t>>(burst.values) ==
          std::vector(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(position) + 1));
    CHECK(burst.labels == std::vector{labels[position]});
  }
}

TEST_CASE("an empty sentence") {
  Fixture tiny;
  tiny.sentences = "the cat\n\nthe dog\n";
  CHECK(tiny.error() == "sentences:2: a sentence without a word");
  tiny.sentences = "the cat\nthe dog\n  \n";
  CHECK(tiny.error() == "sentences:3: a sentence without a word");
}

TEST_CASE("a vocabulary that does not fit") {
  Fixture tiny;
  tiny.suite.classes = 7;
  CHECK(tiny.error() == "vocabulary: has 6 words, but the suite has 7 classes");
  tiny.suite.classes = 6;
  tiny.vocabulary = "<unknown>\n<s>\nthe\ncat\nthe\nran\n";
  CHECK(tiny.error() == "vocabulary: the word \"the\" stands twice");
}

TEST_CASE("other words than the suite was made with") {
  Fixture tiny;
  tiny.read();
  const std::string made_with = std::get<TextFiles>(tiny.suite.data.files).vocabulary_sha256;
  const auto file = tiny.folder.write("vocabulary", "the\n<s>\n<unknown>\ncat\nsat\nran\n");
  CHECK_THROWS_WITH(open_dataset(tiny.suite, 1),
                    file.string() + ": its sha256 is " + sha256_hex(file) +
                        ", but suite \"tiny\" was made with " + made_with +
                        "; make it anew with: scripts/setup.py");
}
