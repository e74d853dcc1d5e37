#include "machine/input_stream.hpp"

#include <set>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
using Catch::Matchers::Contains;

namespace {

/// Ten items of two speakers (the odd and the even), or sentences of 1 to 10 words.
class Fake final : public Dataset {
 public:
  explicit Fake(bool sentences = false) : sentences_(sentences) {}
  std::size_t size() const override { return 10; }
  Burst burst(std::span<const std::size_t> items, std::size_t position) const override {
    Burst burst{std::vector<std::int64_t>(items.begin(), items.end()), {items.size()}, {}};
    for (const std::size_t item : items) {
      if (item == broken) throw InputError("broken.wav: truncated");
      burst.labels.push_back(static_cast<std::uint32_t>(item + position));
    }
    return burst;
  }
  std::string describe(std::size_t item) const override { return "item " + std::to_string(item); }
  bool sequential() const override { return sentences_; }
  std::size_t inputs(std::size_t item) const override { return sentences_ ? item + 1 : 1; }
  std::uint32_t speaker(std::size_t item) const override {
    return static_cast<std::uint32_t>(item % 2);
  }

  std::size_t broken = 99;

 private:
  bool sentences_;
};

std::vector<std::int64_t> items(const InputStream& stream, std::size_t input) {
  return std::get<std::vector<std::int64_t>>(stream.burst(input).values);
}

}  // namespace

TEST_CASE("a group's inputs are of one speaker, and no item comes twice before all have") {
  const Fake data;
  InputsSpec spec;
  spec.group_min = 2;
  spec.group_max = 4;
  const InputStream stream(data, {0, 9}, spec, 200);
  std::set<std::int64_t> speakers, seen;
  std::int64_t speaker = 0;
  std::multiset<std::int64_t> dealt;
  for (std::size_t input = 0; input < 200; ++input) {
    const auto item = items(stream, input).at(0);
    const GroupPosition& group = stream.group(input);
    CHECK(group.position < group.size);
    if (group.position == 0) speaker = item % 2;
    CHECK(item % 2 == speaker);
    speakers.insert(speaker);
    dealt.insert(item);
  }
  CHECK(speakers.size() == 2);
  for (const std::int64_t item : {0, 2, 4, 6}) {  // all of a speaker come equally often, within one
    const auto difference = static_cast<std::ptrdiff_t>(dealt.count(item)) -
                            static_cast<std::ptrdiff_t>(dealt.count(8));
    CHECK(std::abs(difference) <= 1);
  }
}

TEST_CASE("a seed gives the same inputs again, another one others") {
  const Fake data;
  const auto order = [&](std::uint64_t seed) {
    InputsSpec spec;
    spec.seed = seed;
    const InputStream stream(data, {0, 9}, spec, 30);
    std::vector<std::int64_t> all;
    for (std::size_t input = 0; input < 30; ++input) all.push_back(items(stream, input).at(0));
    return all;
  };
  CHECK(order(1) == order(1));
  CHECK(order(1) != order(2));
}

TEST_CASE("a sentence is a group, and each of its words an input") {
  const Fake data(true);
  const InputStream stream(data, {3, 6}, {}, 21);
  std::set<std::int64_t> sentences;
  for (std::size_t input = 0; input < 21;) {
    const GroupPosition first = stream.group(input);
    const auto sentence = items(stream, input).at(0);
    sentences.insert(sentence);
    CHECK(first.size == std::min<std::size_t>(static_cast<std::size_t>(sentence) + 1, 21 - input));
    for (std::size_t position = 0; position < first.size; ++position, ++input) {
      CHECK(stream.group(input) == GroupPosition{first.group, position, first.size});
      CHECK(items(stream, input).at(0) == sentence);
      CHECK(stream.burst(input).labels.at(0) ==
            static_cast<std::uint32_t>(sentence) + static_cast<std::uint32_t>(position));
    }
  }
  CHECK(sentences.size() >= 3);
}

TEST_CASE("an input that fails stops the run, or is lost") {
  Fake data;
  data.broken = 5;
  const InputStream stream(data, {5, 5}, {}, 1);
  const auto read = [&] { stream.burst(0); };
  CHECK_THROWS_WITH(stream.attempt(0, OnError::stop, read),
                    "input 0 (item 5): broken.wav: truncated; to go on without such inputs, set "
                    "\"on_error\": \"skip\"");
  CHECK(stream.attempt(0, OnError::skip, read) == "input 0 (item 5): broken.wav: truncated");
  CHECK(stream.attempt(0, OnError::skip, [] { throw ModuleError("model \"m\", stage 2: x"); }) ==
        "input 0 (item 5): model \"m\", stage 2: x");
  CHECK(stream.attempt(0, OnError::skip, [] {}) == std::nullopt);
  // What is no fault of the input is not swallowed.
  CHECK_THROWS_AS(stream.attempt(0, OnError::skip, [] { throw MachineError("no meter"); }),
                  MachineError);
}
