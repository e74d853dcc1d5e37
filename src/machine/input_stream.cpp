#include "machine/input_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/random.hpp"
#include "base/text.hpp"
#include "config/inputs.hpp"

namespace bench {

InputStream::InputStream(const Dataset& dataset, const Split& split, const InputsSpec& inputs,
                         std::size_t count)
    : dataset_(dataset) {
  std::vector<std::size_t> order(split.size());
  std::iota(order.begin(), order.end(), split.first);
  std::mt19937_64 random(inputs.seed);
  shuffle(order, random);
  if (dataset.sequential())
    plan_sentences(order, count);
  else
    plan_groups(order, inputs, count);
}

void InputStream::plan_sentences(const std::vector<std::size_t>& order, std::size_t count) {
  for (std::size_t group = 0; plan_.size() < count; ++group) {
    const std::size_t sentence = order[group % order.size()];
    const std::size_t size = std::min(dataset_.inputs(sentence), count - plan_.size());
    for (std::size_t position = 0; position < size; ++position)
      plan_.push_back({{group, position, size}, {sentence}});
  }
}

void InputStream::plan_groups(const std::vector<std::size_t>& order, const InputsSpec& inputs,
                              std::size_t count) {
  struct Deck {
    std::vector<std::size_t> items;
    std::size_t dealt = 0;
  };
  std::map<std::uint32_t, Deck> decks;  // of each speaker
  for (const std::size_t item : order) decks[dataset_.speaker(item)].items.push_back(item);

  InputsSpec spec = inputs;
  spec.count = count;
  std::mt19937_64 random(inputs.seed);
  Deck* deck = &decks.begin()->second;
  for (const GroupPosition& group : group_positions(spec)) {
    if (group.position == 0 && decks.size() > 1)
      deck = &decks[dataset_.speaker(order[random() % order.size()])];
    Planned planned{group, {}};
    for (std::size_t i = 0; i < inputs.burst; ++i)
      planned.items.push_back(deck->items[deck->dealt++ % deck->items.size()]);
    plan_.push_back(std::move(planned));
  }
}

Burst InputStream::burst(std::size_t input) const {
  return dataset_.burst(plan_[input].items, plan_[input].group.position);
}

std::string InputStream::describe(std::size_t input) const {
  const auto& items = plan_[input].items;
  return fmt::format(
      "input {} ({}{})", input, dataset_.describe(items.front()),
      items.size() > 1 ? fmt::format(" and {} more", items.size() - 1) : std::string());
}

std::string InputStream::lose(std::size_t input, OnError on_error, const char* reason) const {
  const std::string message = fmt::format("{}: {}", describe(input), reason);
  if (on_error == OnError::stop)
    throw InputError(message + "; to go on without such inputs, set \"on_error\": \"skip\"");
  constexpr std::size_t longest = 1000;
  return printable(shortened(message, longest));
}

}  // namespace bench
