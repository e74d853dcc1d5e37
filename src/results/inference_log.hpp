// inferences.jsonl (results/README.md): a line per input and scheme, whole lines only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "alert/profile.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "stream/stream.hpp"

namespace bench {

/// Which stream a line belongs to.
struct StreamKey {
  std::string environment;
  std::size_t setting = 0;
  std::string scheme;  ///< its name in the config

  auto operator<=>(const StreamKey&) const = default;
};

class InferenceLog {
 public:
  /// A new file, or the end of an existing one where `resume` says so (an incomplete last line is
  /// cut off). Throws as create_file() and open_to_append() (base/files.hpp).
  InferenceLog(const std::filesystem::path& file, bool resume);
  ~InferenceLog();
  InferenceLog(const InferenceLog&) = delete;
  InferenceLog& operator=(const InferenceLog&) = delete;

  void write(const StreamKey& key, const alert::Goal& goal, const alert::Profile& profile,
             const Step& step);
  /// A line that log_line() made.
  void append(std::string_view line);
  /// Hands what was written to the system. Throws std::runtime_error where that fails.
  void flush();

 private:
  std::filesystem::path file_;
  Descriptor descriptor_;
  std::string buffer_;  // not yet handed to the system
};

std::string log_line(const StreamKey& key, const alert::Goal& goal, const alert::Profile& profile,
                     const Step& step);

nlohmann::ordered_json to_json(const StreamKey& key, const alert::Goal& goal,
                               const alert::Profile& profile, const Step& step);

/// Calls `body` with every whole line of a log and the stream it belongs to. Throws InputError,
/// naming the line, for one that is malformed, and where there is no log. Returns whether the log
/// ends with a whole line.
bool for_each_inference(const std::filesystem::path& file,
                        const std::function<void(const StreamKey&, const JsonValue&)>& body);

struct LogSize {
  std::size_t streams = 0, inferences = 0;
  bool whole = true;  ///< it ends with a whole line
};
/// Checks every line, and keeps none. Throws InputError where there is none too, and where the last
/// one is not whole.
LogSize count_inferences(const std::filesystem::path& file, const alert::Profile& profile);

/// The steps of every stream that an interrupted run has logged, in the order of their inputs.
std::map<StreamKey, std::vector<Step>> read_inferences(const std::filesystem::path& file,
                                                       const alert::Profile& profile);

}  // namespace bench
