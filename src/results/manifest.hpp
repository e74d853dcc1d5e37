// manifest.json (results/README.md): what ran, on what, and how it ended.
#pragma once

#include <string>

#include "base/json.hpp"
#include "config/config.hpp"
#include "results/folder.hpp"

namespace bench {

/// Written when it is made (status "running") and again by finish(); destroyed without finish(), it
/// says "interrupted" or "failed", by the exception in flight.
class Manifest {
 public:
  Manifest(const ResultsFolder& folder, const Config& config);
  ~Manifest();
  Manifest(const Manifest&) = delete;
  Manifest& operator=(const Manifest&) = delete;

  /// Adds an object's fields; objects in them are merged with what is there.
  void add(const nlohmann::ordered_json& fields);
  void finish() { close("complete"); }
  void interrupted() { close("interrupted"); }
  void failed() { close("failed"); }

 private:
  void close(const std::string& status);

  const ResultsFolder& folder_;
  nlohmann::ordered_json document_;
  bool closed_ = false;
};

}  // namespace bench
