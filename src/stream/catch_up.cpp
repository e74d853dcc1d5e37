#include "stream/catch_up.hpp"

#include <algorithm>

namespace bench {

void WordsRead::ran(std::size_t stage, std::size_t position) {
  std::fill_n(read_.begin(), stage, position + 1);
}

double WordsRead::catch_up_s(std::size_t stage, std::size_t position,
                             std::span<const double> word_s) const {
  double catch_up_s = 0.0, before_s = 0.0;
  for (std::size_t k = 0; k < stage; ++k) {
    catch_up_s += static_cast<double>(position - read_[k]) * (word_s[k] - before_s);
    before_s = word_s[k];
  }
  return catch_up_s;
}

Execution with_catch_up(const Execution& execution, const WordsRead& words, std::size_t position,
                        std::span<const double> word_s, std::span<const double> profiled_s,
                        std::vector<double>& ends_s) {
  const auto& recorded_s = execution.stage_latency_s;
  const double slowdown = recorded_s.back() / profiled_s.back();
  ends_s.assign(recorded_s.begin(), recorded_s.end());
  for (std::size_t k = 0; k < ends_s.size(); ++k)
    ends_s[k] += slowdown * words.catch_up_s(k + 1, position, word_s);
  Execution result = execution;
  result.stage_latency_s = ends_s;
  if (result.busy_energy_j) *result.busy_energy_j *= ends_s.back() / recorded_s.back();
  return result;
}

CatchUp::CatchUp(const alert::Profile& base, const CatchUpLatency& word_s)
    : base_(base), word_s_(&word_s) {
  if (word_s.empty()) return;
  adjusted_ = std::make_unique<alert::Profile>(base);
  for (const auto& model : base.models) words_.emplace_back(model.stages());
}

void CatchUp::begin_input(std::size_t position) {
  if (!adjusted_) return;
  position_ = position;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (position == 0) words_[i].begin_sentence();
    for (std::size_t cap = 0; cap < base_.caps(); ++cap)
      for (std::size_t k = 0; k < base_.models[i].stages(); ++k)
        adjusted_->models[i].latency_s[cap][k] =
            base_.models[i].latency_s[cap][k] +
            words_[i].catch_up_s(k + 1, position, (*word_s_)[i][cap]);
  }
  ++adjusted_->revision;
}

void CatchUp::ran(std::size_t model, std::size_t stage) {
  if (adjusted_) words_[model].ran(stage, position_);
}

Execution CatchUp::replayed(const Execution& execution, std::size_t model, std::size_t cap) const {
  if (!adjusted_) return execution;
  return with_catch_up(execution, words_[model], position_, (*word_s_)[model][cap],
                       base_.models[model].latency_s[cap], ends_s_);
}

}  // namespace bench
