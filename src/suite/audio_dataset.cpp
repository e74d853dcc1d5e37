#include <fmt/format.h>
#include <samplerate.h>
#include <sndfile.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <regex>

#include "base/files.hpp"
#include "suite/formats.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

/// A file's bytes as libsndfile reads them.
struct Memory {
  std::string bytes;
  sf_count_t position = 0;
  bool end_known = true;  ///< else no seek to the end succeeds, as in a stream

  static sf_count_t length(void* memory) {
    return static_cast<sf_count_t>(static_cast<Memory*>(memory)->bytes.size());
  }
  static sf_count_t seek(sf_count_t offset, int whence, void* memory) {
    auto& [bytes, position, end_known] = *static_cast<Memory*>(memory);
    if (whence == SEEK_END && !end_known) return -1;
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position : length(memory);
    return position = std::clamp<sf_count_t>(from + offset, 0, length(memory));
  }
  static sf_count_t read(void* out, sf_count_t count, void* memory) {
    auto& [bytes, position, end_known] = *static_cast<Memory*>(memory);
    const sf_count_t read = std::min(count, length(memory) - position);
    std::memcpy(out, bytes.data() + position, static_cast<std::size_t>(read));
    position += read;
    return read;
  }
  static sf_count_t tell(void* memory) { return static_cast<Memory*>(memory)->position; }
};

constexpr std::size_t most_samples = 1 << 26;  // of all channels: 256 MiB

[[noreturn]] void fail_too_long(const fs::path& file) {
  fail_file(file, fmt::format("has more than the {} samples that are allowed", most_samples));
}

using Sound = std::unique_ptr<SNDFILE, int (*)(SNDFILE*)>;

/// Null where it cannot be opened.
Sound open_sound(Memory& memory, SF_INFO& info) {
  SF_VIRTUAL_IO io{Memory::length, Memory::seek, Memory::read, nullptr, Memory::tell};
  return {sf_open_virtual(&io, SFM_READ, &info, &memory), sf_close};
}

/// Whether an Ogg file ends as its last page says (RFC 3533 section 6).
bool is_whole_ogg(const std::string& bytes) {
  constexpr std::size_t header_size = 27, flags = 5, segments = 26;
  constexpr char end_of_stream = 0x04;
  const std::size_t page = bytes.rfind("OggS");
  if (bytes.size() < page + header_size || (bytes[page + flags] & end_of_stream) == 0) return false;
  const auto count = static_cast<unsigned char>(bytes[page + segments]);
  std::size_t end = page + header_size + count;
  if (end > bytes.size()) return false;
  for (std::size_t i = 0; i < count; ++i)
    end += static_cast<unsigned char>(bytes[page + header_size + i]);
  return end <= bytes.size();
}

/// Whether the samples are fewer than the header promises. libsndfile reads what there is of them
/// and says so in its log only: "data : 16000 (should be 15000)".
bool is_cut(SNDFILE* sound) {
  // A program that writes to a pipe cannot know the size, and writes the greatest that there is:
  // of these placeholders, sox's is the least.
  constexpr double placeholder = 0x7FFFF000;
  std::string log(16384, '\0');
  sf_command(sound, SFC_GET_LOG_INFO, log.data(), static_cast<int>(log.size()));
  static const std::regex size("(?:data|riff|SSND|Data Size) *: (\\d+) \\(should be (\\d+)\\)");
  const auto found = [&](const std::smatch& match) {
    const double told = std::stod(match[1]);
    return told < placeholder && told > std::stod(match[2]);
  };
  return std::any_of(std::sregex_iterator(log.begin(), log.end(), size), {}, found);
}

/// All that can be read, channels interleaved. The length that libsndfile tells is not relied on:
/// of a stream it is not known.
std::vector<float> read_frames(SNDFILE* sound, const SF_INFO& info, const fs::path& file) {
  constexpr sf_count_t block = 1 << 14;
  const auto channels = static_cast<std::size_t>(info.channels);
  std::vector<float> frames;
  sf_count_t read = 0;
  do {
    const std::size_t size = frames.size();
    frames.resize(size + block * channels);
    read = sf_readf_float(sound, frames.data() + size, block);
    frames.resize(size + static_cast<std::size_t>(read) * channels);
    if (frames.size() > most_samples) fail_too_long(file);
  } while (read == block);
  const auto total = static_cast<sf_count_t>(frames.size() / channels);
  if (info.frames != SF_COUNT_MAX && total < info.frames)
    fail_file(file, fmt::format("truncated: has {} of {} samples", total, info.frames));
  if (sf_error(sound) != SF_ERR_NO_ERROR)
    fail_file(file, fmt::format("cannot be read to its end: {}", sf_strerror(sound)));
  return frames;
}

std::vector<float> resampled(const Clip& clip, std::size_t rate_hz, const fs::path& file) {
  if (clip.sample_rate_hz == rate_hz) return clip.samples;
  constexpr std::size_t least_hz = 1000, most_hz = 768000;
  if (clip.sample_rate_hz < least_hz || clip.sample_rate_hz > most_hz)
    fail_file(file, fmt::format("says that it has {} samples a second; sound has {} to {}",
                                clip.sample_rate_hz, least_hz, most_hz));
  SRC_DATA data{};
  data.src_ratio = static_cast<double>(rate_hz) / static_cast<double>(clip.sample_rate_hz);
  const double size = std::ceil(static_cast<double>(clip.samples.size()) * data.src_ratio) + 1.0;
  if (size > static_cast<double>(most_samples)) fail_too_long(file);
  std::vector<float> out(static_cast<std::size_t>(size));
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
std::vector<std::string> csv_fields(const std::string& line, const std::string& place) {
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
  if (quoted) fail_file(place, "a quote is not closed");
  return fields;
}

class AudioDataset final : public Dataset {
 public:
  AudioDataset(const Suite& suite, const AudioFiles& files)
      : folder_(files.folder), sample_rate_hz_(files.sample_rate_hz) {
    samples_ = static_cast<std::size_t>(
        std::lround(files.duration_s * static_cast<double>(files.sample_rate_hz)));
    const auto lines = read_lines(files.labels);
    const auto place = [&](std::size_t line) {
      return fmt::format("{}:{}", files.labels.string(), line + 1);
    };
    const auto header = lines.empty() ? std::vector<std::string>() : csv_fields(lines[0], place(0));
    using Columns = std::vector<std::string>;
    if (header != Columns{"file", "label"} && header != Columns{"file", "label", "speaker"})
      fail_file(files.labels, "must begin with the line file,label or file,label,speaker");
    std::map<std::string, std::uint32_t> speakers;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto fields = csv_fields(lines[i], place(i));
      if (fields.size() != header.size())
        fail_file(place(i),
                  fmt::format("must have {} fields, has {}", header.size(), fields.size()));
      Item& item = items_.emplace_back();
      item.file = fields[0];
      if (item.file.empty()) fail_file(place(i), "the file must not be empty");
      if (!fs::is_regular_file(folder_ / item.file))
        fail_file(place(i), fmt::format("no such file: {}", (folder_ / item.file).string()));
      const auto [end, error] =
          std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), item.label);
      if (error != std::errc() || end != fields[1].data() + fields[1].size() ||
          item.label >= suite.classes)
        fail_file(place(i),
                  fmt::format("the label must be a number below the suite's {} classes, is "
                              "\"{}\"",
                              suite.classes, fields[1]));
      if (fields.size() > 2) {
        if (fields[2].empty()) fail_file(place(i), "the speaker must not be empty");
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
  constexpr std::uint64_t most_bytes = 256 << 20;
  Memory memory{read_text(file, most_bytes)};
  SF_INFO info{};
  Sound sound = open_sound(memory, info);
  if (!sound)
    fail_file(file, fmt::format("not a sound file that can be read: {}", sf_strerror(nullptr)));
  if ((info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG) {
    // Where an MP3 file does not tell its length, it is guessed from that of the file, and what
    // lies beyond is never read. As a stream, it is read to its end.
    memory.position = 0;
    memory.end_known = false;
    info = {};
    sound = open_sound(memory, info);
    if (!sound)
      fail_file(file,
                fmt::format("an MP3 file without its length, which {} cannot read to its end: "
                            "write it anew, with ffmpeg or sox",
                            sf_version_string()));
  }
  if (is_cut(sound.get()) || (memory.bytes.starts_with("OggS") && !is_whole_ogg(memory.bytes)))
    fail_file(file, "truncated: the sound breaks off before the end that the file tells");
  const std::vector<float> frames = read_frames(sound.get(), info, file);
  if (frames.empty())
    fail_file(file,
              "has no samples, or its header says so: write its size anew, with ffmpeg or sox");
  constexpr float loudest = 100.0f;  // full scale is 1: what is beyond this is no sound
  if (!std::ranges::all_of(frames, [](float x) { return std::abs(x) <= loudest; }))
    fail_file(file,
              fmt::format("has samples beyond {} times the full scale, or not a number", loudest));

  Clip clip;
  clip.sample_rate_hz = static_cast<std::size_t>(info.samplerate);
  const auto channels = static_cast<std::size_t>(info.channels);
  for (std::size_t i = 0; i < frames.size(); i += channels) {
    float sum = 0.0f;
    for (std::size_t channel = 0; channel < channels; ++channel) sum += frames[i + channel];
    clip.samples.push_back(sum / static_cast<float>(channels));
  }
  constexpr float silence = 1e-4f;  // -80 dB of full scale
  if (std::ranges::all_of(clip.samples, [](float x) { return std::abs(x) < silence; }))
    fail_file(file, "silent: no sample, as the mean of its channels, reaches -80 dB of full scale");
  return clip;
}

std::unique_ptr<Dataset> open_audio_dataset(const Suite& suite, const AudioFiles& files) {
  return std::make_unique<AudioDataset>(suite, files);
}

}  // namespace bench
