#include <fmt/format.h>
#include <samplerate.h>
#include <sndfile.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>

#include "suite/formats.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

std::uint32_t little_endian_32(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Of the two containers whose files libsndfile reads as shorter, without a word, when their end is
/// cut off: Ogg (its last page carries a flag, RFC 3533 section 6) and WAV (its header has the
/// size).
void check_whole(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  bool whole = true;
  if (bytes.starts_with("RIFF") && bytes.size() >= 8) {
    whole = little_endian_32(bytes.data() + 4) <= bytes.size() - 8;
  } else if (bytes.starts_with("OggS")) {
    constexpr std::size_t header_size = 27, flags = 5, segments = 26;
    constexpr char end_of_stream = 0x04;
    const std::size_t page = bytes.rfind("OggS");
    whole = bytes.size() >= page + header_size && (bytes[page + flags] & end_of_stream) != 0;
    if (whole) {
      const auto count = static_cast<unsigned char>(bytes[page + segments]);
      std::size_t end = page + header_size + count;
      whole = end <= bytes.size();
      for (std::size_t i = 0; whole && i < count; ++i)
        end += static_cast<unsigned char>(bytes[page + header_size + i]);
      whole = whole && end <= bytes.size();
    }
  }
  if (!whole) fail_file(file, "truncated: the sound breaks off before the end that the file tells");
}

std::vector<float> resampled(const Clip& clip, std::size_t rate_hz, const fs::path& file) {
  if (clip.sample_rate_hz == rate_hz) return clip.samples;
  SRC_DATA data{};
  data.src_ratio = static_cast<double>(rate_hz) / static_cast<double>(clip.sample_rate_hz);
  std::vector<float> out(static_cast<std::size_t>(
                             std::ceil(static_cast<double>(clip.samples.size()) * data.src_ratio)) +
                         1);
  data.data_in = clip.samples.data();
  data.input_frames = static_cast<long>(clip.samples.size());
  data.data_out = out.data();
  data.output_frames = static_cast<long>(out.size());
  if (const int error = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1))
    fail_file(file, fmt::format("cannot be resampled from {} to {} Hz: {}", clip.sample_rate_hz,
                                rate_hz, src_strerror(error)));
  out.resize(static_cast<std::size_t>(data.output_frames_gen));
  return out;
}

/// The fields of one line of CSV; a field that holds a comma stands in double quotes.
std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        fields.back() += line[i++];  // a doubled quote stands for itself
      else
        quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

class AudioDataset final : public Dataset {
 public:
  AudioDataset(const Suite& suite, const AudioFiles& files)
      : folder_(files.folder), sample_rate_hz_(files.sample_rate_hz) {
    samples_ = static_cast<std::size_t>(
        std::lround(files.duration_s * static_cast<double>(files.sample_rate_hz)));
    const auto lines = read_lines(files.labels);
    const auto header = lines.empty() ? std::vector<std::string>() : csv_fields(lines[0]);
    const std::vector<std::string> columns{"file", "label", "speaker"};
    if (header.size() < 2 || !std::ranges::equal(header, std::span(columns).first(header.size())))
      fail_file(files.labels, "must begin with the line file,label or file,label,speaker");
    std::map<std::string, std::uint32_t> speakers;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const std::string place = fmt::format("{}:{}", files.labels.string(), i + 1);
      const auto fields = csv_fields(lines[i]);
      if (fields.size() != header.size())
        fail_file(place, fmt::format("must have {} fields, has {}", header.size(), fields.size()));
      Item& item = items_.emplace_back();
      item.file = fields[0];
      if (!fs::exists(folder_ / item.file))
        fail_file(place, fmt::format("no such file: {}", (folder_ / item.file).string()));
      const auto [end, error] =
          std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), item.label);
      if (error != std::errc() || end != fields[1].data() + fields[1].size() ||
          item.label >= suite.classes)
        fail_file(place, fmt::format("the label must be a number below the suite's {} classes, is "
                                     "\"{}\"",
                                     suite.classes, fields[1]));
      if (fields.size() > 2) {
        if (fields[2].empty()) fail_file(place, "the speaker must not be empty");
        const auto next = static_cast<std::uint32_t>(speakers.size() + 1);
        item.speaker = speakers.emplace(fields[2], next).first->second;
      }
    }
  }

  std::size_t size() const override { return items_.size(); }

  /// Samples in [-1, 1], {items, samples}.
  Burst burst(std::span<const std::size_t> items, std::size_t) const override {
    Burst burst;
    std::vector<float> values;
    for (const std::size_t item : items) {
      const fs::path file = folder_ / items_[item].file;
      std::vector<float> samples = resampled(read_clip(file), sample_rate_hz_, file);
      samples.resize(samples_, 0.0f);
      values.insert(values.end(), samples.begin(), samples.end());
      burst.labels.push_back(items_[item].label);
    }
    burst.values = std::move(values);
    burst.shape = {items.size(), samples_};
    return burst;
  }

  std::string describe(std::size_t item) const override {
    return (folder_ / items_[item].file).string();
  }
  std::uint32_t speaker(std::size_t item) const override { return items_[item].speaker; }

 private:
  struct Item {
    std::string file;
    std::uint32_t label = 0;
    std::uint32_t speaker = 0;  // 0: the table has none
  };
  fs::path folder_;
  std::size_t sample_rate_hz_;
  std::size_t samples_ = 0;  // of each clip
  std::vector<Item> items_;
};

}  // namespace

Clip read_clip(const fs::path& file) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> sound(sf_open(file.c_str(), SFM_READ, &info),
                                                          sf_close);
  if (!sound)
    fail_file(file, fmt::format("not a sound file that can be read: {}", sf_strerror(nullptr)));
  check_whole(file);
  const auto channels = static_cast<std::size_t>(info.channels);
  std::vector<float> frames(static_cast<std::size_t>(info.frames) * channels);
  const sf_count_t read = sf_readf_float(sound.get(), frames.data(), info.frames);
  if (read < info.frames)
    fail_file(file, fmt::format("truncated: has {} of {} samples", read, info.frames));

  Clip clip;
  clip.sample_rate_hz = static_cast<std::size_t>(info.samplerate);
  for (std::size_t i = 0; i < frames.size(); i += channels) {
    float sum = 0.0f;
    for (std::size_t channel = 0; channel < channels; ++channel) sum += frames[i + channel];
    clip.samples.push_back(sum / static_cast<float>(channels));
  }
  constexpr float silence = 1e-4f;  // -80 dB of full scale
  if (std::ranges::all_of(clip.samples, [](float x) { return std::abs(x) < silence; }))
    fail_file(file, "silent: no sample reaches -80 dB of full scale");
  return clip;
}

std::unique_ptr<Dataset> open_audio_dataset(const Suite& suite, const AudioFiles& files) {
  return std::make_unique<AudioDataset>(suite, files);
}

}  // namespace bench
