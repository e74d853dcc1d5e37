#include <fmt/format.h>

#include <unordered_map>

#include "base/sha256.hpp"
#include "suite/formats.hpp"

namespace bench {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr std::int64_t unknown_id = 0, start_id = 1;

/// Models know words by their ids: other files than they were trained with would be other words.
void check_sha256(const Suite& suite, const std::filesystem::path& file,
                  const std::string& sha256) {
  const std::string found = sha256_hex(file);
  if (found == sha256) return;
  fail_file(file, fmt::format("its sha256 is {}, but suite \"{}\" was made with {}{}", found,
                              suite.name, sha256,
                              suite.data.setup.empty()
                                  ? ""
                                  : fmt::format("; make it anew with: {}", suite.data.setup)));
}

std::unordered_map<std::string, std::int64_t> read_vocabulary(const Suite& suite,
                                                              const std::filesystem::path& file) {
  const auto words = read_lines(file);
  if (words.size() != suite.classes)
    fail_file(file, fmt::format("has {} words, but the suite has {} classes", words.size(),
                                suite.classes));
  std::unordered_map<std::string, std::int64_t> ids;
  for (const std::string& word : words)
    if (!ids.emplace(word, static_cast<std::int64_t>(ids.size())).second)
      fail_file(file, fmt::format("the word \"{}\" stands twice", word));
  return ids;
}

class TextDataset final : public Dataset {
 public:
  TextDataset(const Suite& suite, const TextFiles& files) : file_(files.sentences) {
    check_sha256(suite, files.sentences, files.sentences_sha256);
    check_sha256(suite, files.vocabulary, files.vocabulary_sha256);
    const auto ids = read_vocabulary(suite, files.vocabulary);
    for (const std::string& line : read_lines(files.sentences)) {
      Ids& sentence = sentences_.emplace_back(1, start_id);
      for (std::size_t begin = 0; begin < line.size();) {
        const std::size_t end = std::min(line.find(' ', begin), line.size());
        if (end > begin) {
          const auto id = ids.find(line.substr(begin, end - begin));
          sentence.push_back(id == ids.end() ? unknown_id : id->second);
        }
        begin = end + 1;
      }
      if (sentence.size() == 1)
        fail_file(describe(sentences_.size() - 1), "a sentence without a word");
    }
  }

  std::size_t size() const override { return sentences_.size(); }
  bool sequential() const override { return true; }
  std::size_t inputs(std::size_t item) const override { return sentences_[item].size() - 1; }

  Burst burst(std::span<const std::size_t> items, std::size_t position) const override {
    const Ids& sentence = sentences_[items[0]];
    const auto next = sentence.begin() + static_cast<std::ptrdiff_t>(position + 1);
    return {Ids(sentence.begin(), next), {1, position + 1}, {static_cast<std::uint32_t>(*next)}};
  }

  std::string describe(std::size_t item) const override {
    return fmt::format("{}:{}", file_.string(), item + 1);
  }

 private:
  std::filesystem::path file_;
  std::vector<Ids> sentences_;  // with the start before the words
};

}  // namespace

std::unique_ptr<Dataset> open_text_dataset(const Suite& suite, const TextFiles& files) {
  return std::make_unique<TextDataset>(suite, files);
}

}  // namespace bench
