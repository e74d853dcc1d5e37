// Sequential suites: every model reads each word of a sentence once. A model that did not run on
// some words reads them when it next runs, so that its answers never depend on who ran before; that
// takes time, which belongs to the input that it runs on.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "alert/profile.hpp"
#include "schemes/outcome.hpp"

namespace bench {

/// Seconds to read one earlier word, [model][cap][stage], cumulative over the stages; empty where
/// the suite is not sequential.
using CatchUpLatency = std::vector<std::vector<std::vector<double>>>;

/// How many words of the sentence at hand each stage of one model has read.
class WordsRead {
 public:
  explicit WordsRead(std::size_t stages) : read_(stages, 0) {}

  void begin_sentence() { read_.assign(read_.size(), 0); }
  /// Stages up to `stage` have answered the word at `position`, from 0.
  void ran(std::size_t stage, std::size_t position);
  /// Seconds by which the end of `stage` is later on the word at `position` than with all words
  /// before read; `word_s` of this model and cap.
  double catch_up_s(std::size_t stage, std::size_t position, std::span<const double> word_s) const;

 private:
  std::vector<std::size_t> read_;
};

/// `execution`, which had all words before read, as it would have been with `words` read: catching
/// up is slowed down as the execution itself was against `profile`. `ends_s` is the result's
/// storage.
Execution with_catch_up(const Execution& execution, const WordsRead& words, std::size_t position,
                        std::span<const double> word_s, std::span<const double> profiled_s,
                        std::vector<double>& ends_s);

/// The catching up of one stream: a profile whose latencies are those of the input at hand.
class CatchUp {
 public:
  /// For a suite that is not sequential: nothing to catch up on. `base` must outlive it.
  explicit CatchUp(const alert::Profile& base) : base_(base) {}
  /// Likewise where `word_s` is empty. Both must outlive it.
  CatchUp(const alert::Profile& base, const CatchUpLatency& word_s);

  /// What schemes go by. It stays where it is when this object is moved.
  const alert::Profile& profile() const { return adjusted_ ? *adjusted_ : base_; }
  void begin_input(std::size_t position);
  void ran(std::size_t model, std::size_t stage);
  /// A recorded execution on the input at hand; valid until the next call.
  Execution replayed(const Execution& execution, std::size_t model, std::size_t cap) const;

 private:
  const alert::Profile& base_;
  const CatchUpLatency* word_s_ = nullptr;
  std::unique_ptr<alert::Profile> adjusted_;  // none where there is nothing to catch up on
  std::vector<WordsRead> words_;              // [model]
  std::size_t position_ = 0;
  mutable std::vector<double> ends_s_;
};

}  // namespace bench
