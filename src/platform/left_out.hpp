// Hardware of several parts, of which one that cannot be used must not take the others with it.
#pragma once

#include <exception>
#include <string>

#include "platform/source_info.hpp"

namespace bench {

/// The parts that are left out, each with its reason.
class LeftOut {
 public:
  /// Runs `open`; where it fails, `part` is left out.
  template <typename Open>
  void attempt(const std::string& part, Open open) {
    try {
      open();
    } catch (const Unusable& error) {
      add(part, error.reason());
    } catch (const MachineError& error) {
      add(part, error.what());
    }
  }

  /// For where nothing is left: throws the first reason, if there is any.
  void rethrow_first() const {
    if (first_) std::rethrow_exception(first_);
  }
  /// "; without A (why), B (why)", or empty.
  const std::string& text() const { return text_; }

 private:
  void add(const std::string& part, const std::string& reason) {
    if (!first_) first_ = std::current_exception();
    text_ += (text_.empty() ? "; without " : ", ") + part + " (" + reason + ")";
  }

  std::exception_ptr first_;
  std::string text_;
};

}  // namespace bench
