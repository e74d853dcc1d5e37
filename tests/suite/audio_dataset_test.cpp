#include <fmt/format.h>
#include <sndfile.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "base/error.hpp"
#include "suite/formats.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// A sine of half the full scale.
std::vector<float> sine(double frequency_hz, std::size_t samples, int rate_hz) {
  std::vector<float> values(samples);
  for (std::size_t i = 0; i < samples; ++i)
    values[i] = static_cast<float>(
        0.5 * std::sin(2.0 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate_hz));
  return values;
}

void write_sound(const std::filesystem::path& file, const std::vector<float>& samples, int rate_hz,
                 int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16, int channels = 1) {
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = channels;
  info.format = format;
  SNDFILE* out = sf_open(file.c_str(), SFM_WRITE, &info);
  REQUIRE(out != nullptr);
  sf_write_float(out, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(out);
}

constexpr int ogg = SF_FORMAT_OGG | SF_FORMAT_VORBIS;

/// Four clips of two speakers.
struct Fixture {
  test::TemporaryFolder folder;
  std::string labels = "file,label,speaker\na.wav,0,x\nb.wav,1,y\nc.ogg,2,x\n\"d, e.wav\",1,y\n";
  Suite suite;

  Fixture() {
    suite.name = "tiny";
    suite.classes = 3;
    suite.data.files = AudioFiles{folder.path(), folder.path() / "labels.csv", 8000, 0.1};
    suite.data.profiling = {0, 1};
    suite.data.evaluation = {2, 3};
    write_sound(path("a.wav"), sine(440.0, 500, 8000), 8000);
    write_sound(path("b.wav"), sine(440.0, 1000, 8000), 8000);
    write_sound(path("c.ogg"), sine(440.0, 8820, 44100), 44100, ogg);
    write_sound(path("d, e.wav"), sine(440.0, 1000, 8000), 8000, SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                2);
  }

  std::filesystem::path path(const std::string& name) const { return folder.path() / name; }

  std::unique_ptr<Dataset> read() const {
    folder.write("labels.csv", labels);
    return open_dataset(suite, 1);
  }

  std::string error() const {
    try {
      read();
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

  std::string labels_error(const std::string& message) const {
    return path("labels.csv").string() + message;
  }

  /// The error of reading one clip.
  std::string clip_error(const std::string& name) const {
    try {
      read_clip(path(name));
    } catch (const InputError& error) {
      const std::string message = error.what();
      CHECK(message.starts_with(path(name).string() + ": "));
      return message.substr(path(name).string().size() + 2);
    }
    return "no error";
  }

  void cut(const std::string& name, std::uintmax_t bytes) const {
    std::filesystem::resize_file(path(name), std::filesystem::file_size(path(name)) - bytes);
  }
};

const std::vector<float>& samples(const Burst& burst) {
  return std::get<std::vector<float>>(burst.values);
}

}  // namespace

TEST_CASE("clips are cut or padded to one length") {
  const Fixture tiny;
  const auto data = tiny.read();
  REQUIRE(data->size() == 4);
  CHECK(data->describe(3) == tiny.path("d, e.wav").string());
  CHECK(data->speaker(0) == data->speaker(2));
  CHECK(data->speaker(1) == data->speaker(3));
  CHECK(data->speaker(0) != data->speaker(1));

  const std::vector<std::size_t> items{0, 1};
  const Burst burst = data->burst(items, 0);
  CHECK(burst.shape == std::vector<std::size_t>{2, 800});
  CHECK(burst.labels == std::vector<std::uint32_t>{0, 1});
  REQUIRE(samples(burst).size() == 1600);
  const auto expected = sine(440.0, 1000, 8000);
  for (const std::size_t i : {1u, 100u, 499u}) {
    CHECK(samples(burst)[i] == Approx(expected[i]).margin(1e-4));
    CHECK(samples(burst)[800 + i] == Approx(expected[i]).margin(1e-4));
  }
  CHECK(samples(burst)[500] == 0.0f);
  CHECK(samples(burst)[799] == 0.0f);
  CHECK(samples(burst)[1599] == Approx(expected[799]).margin(1e-4));
}

TEST_CASE("clips of another rate are resampled") {
  const Fixture tiny;
  const std::size_t item = 2;
  const Burst burst = tiny.read()->burst(std::span(&item, 1), 0);
  const auto expected = sine(440.0, 800, 8000);
  for (std::size_t i = 100; i < 700; ++i)
    CHECK(samples(burst)[i] == Approx(expected[i]).margin(0.03));  // Vorbis is lossy
}

TEST_CASE("channels are averaged") {
  const Fixture tiny;
  // Left and right alternate in the file: samples 0 and 1, 2 and 3, ...
  const auto frames = sine(440.0, 1000, 8000);
  const Clip clip = read_clip(tiny.path("d, e.wav"));
  REQUIRE(clip.samples.size() == 500);
  CHECK(clip.samples[7] == Approx((frames[14] + frames[15]) / 2.0f).margin(1e-4));
}

TEST_CASE("sound files that are truncated") {
  const Fixture tiny;
  CHECK(tiny.clip_error("a.wav") == "no error");
  CHECK(tiny.clip_error("c.ogg") == "no error");
  tiny.cut("a.wav", 2);
  CHECK_THAT(tiny.clip_error("a.wav"), StartsWith("truncated: "));
  tiny.cut("c.ogg", 1);
  CHECK_THAT(tiny.clip_error("c.ogg"), StartsWith("truncated: "));
  // A whole page less: its end is where the page before ends.
  write_sound(tiny.path("c.ogg"), sine(440.0, 882000, 44100), 44100, ogg);
  std::ifstream in(tiny.path("c.ogg"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  tiny.folder.write("c.ogg", bytes.substr(0, bytes.rfind("OggS")));
  CHECK_THAT(tiny.clip_error("c.ogg"), StartsWith("truncated: "));
}

namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The bytes with a number in its place, least significant byte first.
std::string with_number(std::string bytes, std::size_t place, std::uint32_t number) {
  for (std::size_t i = 0; i < 4; ++i) bytes[place + i] = static_cast<char>(number >> 8 * i);
  return bytes;
}

constexpr std::size_t riff_size = 4, data_size = 40;  // places in a plain WAV file

}  // namespace

TEST_CASE("containers other than WAV and Ogg that are cut") {
  const Fixture tiny;
  for (const int container : {SF_FORMAT_AIFF, SF_FORMAT_AU, SF_FORMAT_CAF, SF_FORMAT_W64}) {
    CAPTURE(container);
    write_sound(tiny.path("cut"), sine(440.0, 5000, 8000), 8000, container | SF_FORMAT_PCM_16);
    CHECK(tiny.clip_error("cut") == "no error");
    tiny.cut("cut", 1000);
    CHECK_THAT(tiny.clip_error("cut"), StartsWith("truncated: "));
  }
  write_sound(tiny.path("cut"), sine(440.0, 8000, 8000), 8000, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  tiny.cut("cut", 1000);
  CHECK_THAT(tiny.clip_error("cut"), StartsWith("truncated: "));
}

TEST_CASE("sound written to a pipe, of no known length, is read to its end") {
  const Fixture tiny;
  const std::string whole = bytes_of(tiny.path("a.wav"));
  // What ffmpeg, text-to-speech programs and sox write where they cannot know.
  for (const std::uint32_t unknown : {0xFFFFFFFFu, 0x7FFFFFFFu, 0x7FFFF000u}) {
    CAPTURE(unknown);
    tiny.folder.write("pipe.wav",
                      with_number(with_number(whole, riff_size, unknown), data_size, unknown));
    CHECK(read_clip(tiny.path("pipe.wav")).samples == read_clip(tiny.path("a.wav")).samples);
  }
  tiny.folder.write("pipe.wav", with_number(whole, riff_size, 0xFFFFFFFF));
  CHECK(read_clip(tiny.path("pipe.wav")).samples.size() == 500);
  // A pad byte that is counted but not there is no sample.
  tiny.folder.write("odd.wav",
                    with_number(whole, riff_size, static_cast<std::uint32_t>(whole.size() - 7)));
  CHECK(read_clip(tiny.path("odd.wav")).samples.size() == 500);
  tiny.folder.write("pipe.wav", with_number(whole, data_size, 0));
  CHECK_THAT(tiny.clip_error("pipe.wav"), StartsWith("has no samples"));

  write_sound(tiny.path("b.flac"), sine(440.0, 8000, 8000), 8000,
              SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  std::string flac = bytes_of(tiny.path("b.flac"));
  flac[21] &= '\xF0';
  flac.replace(22, 4, 4, '\0');  // 36 bits of STREAMINFO: the number of samples
  tiny.folder.write("b.flac", flac);
  CHECK(read_clip(tiny.path("b.flac")).samples.size() == 8000);
}

TEST_CASE("MP3 is read to its end, or refused where it does not tell its length") {
  const Fixture tiny;
  // Quiet, which takes few bytes, then loud: what is guessed from the first bytes is wrong.
  std::vector<float> samples(16000, 0.0f);
  for (const float value : sine(440.0, 16000, 16000)) samples.push_back(value);
  write_sound(tiny.path("a.mp3"), samples, 16000, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III);
  CHECK(read_clip(tiny.path("a.mp3")).samples.size() == 32000);
  const std::string whole = bytes_of(tiny.path("a.mp3"));
  // The first frame holds the length only; the next begins with the same header.
  const std::size_t second = whole.find(whole.substr(0, 2), 4);
  REQUIRE(std::min(whole.find("Xing"), whole.find("Info")) < second);
  tiny.folder.write("stream.mp3", whole.substr(second));
  // libsndfile 1.2.2 wants to seek to the end of such a file; it is refused there, never cut.
  const std::string error = tiny.clip_error("stream.mp3");
  if (error == "no error")
    CHECK(read_clip(tiny.path("stream.mp3")).samples.size() >= 32000);
  else
    CHECK(error == fmt::format("an MP3 file without its length, which {} cannot read to its end: "
                               "write it anew, with ffmpeg or sox",
                               sf_version_string()));
  tiny.cut("a.mp3", 1000);
  CHECK(tiny.clip_error("a.mp3") != "no error");
}

TEST_CASE("samples that are no sound") {
  const Fixture tiny;
  for (const float value : {NAN, INFINITY, -1e30f}) {
    auto samples = sine(440.0, 500, 8000);
    samples[100] = value;
    write_sound(tiny.path("a.wav"), samples, 8000, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    CHECK(tiny.clip_error("a.wav") ==
          "has samples beyond 100 times the full scale, or not a number");
  }
}

TEST_CASE("sound files that are silent, or none") {
  const Fixture tiny;
  write_sound(tiny.path("a.wav"), std::vector<float>(500, 0.0f), 8000);
  CHECK_THAT(tiny.clip_error("a.wav"), StartsWith("silent: "));
  tiny.folder.write("a.wav", "RIFF, but no sound");
  CHECK_THAT(tiny.clip_error("a.wav"), StartsWith("not a sound file that can be read: "));
  tiny.folder.write("a.wav", "");
  CHECK_THAT(tiny.clip_error("a.wav"), StartsWith("not a sound file that can be read: "));
  // Found out when the clip is asked for: loading a suite does not read them all.
  const auto data = tiny.read();
  const std::size_t item = 0;
  CHECK_THROWS_AS(data->burst(std::span(&item, 1), 0), InputError);
}

TEST_CASE("tables of clips as spreadsheets and editors write them") {
  Fixture tiny;
  const std::string plain = tiny.labels;
  std::string crlf;
  for (const char c : plain) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  for (const std::string& labels : {"\xEF\xBB\xBF" + plain, plain + "\n\n", crlf, crlf + "\r\n",
                                    plain.substr(0, plain.size() - 1)}) {
    tiny.labels = labels;
    CAPTURE(labels);
    CHECK(tiny.read()->size() == 4);
  }
}

TEST_CASE("tables of clips that are wrong") {
  Fixture tiny;
  tiny.labels = "";
  CHECK(tiny.error() ==
        tiny.labels_error(": must begin with the line file,label or file,label,speaker"));
  tiny.labels = "file;label\n";
  CHECK_THAT(tiny.error(), Contains("must begin with the line"));
  for (const char* more : {",more", ",more,and more"}) {
    tiny.labels = std::string("file,label,speaker") + more + "\na.wav,0,x,y\n";
    CHECK_THAT(tiny.error(), Contains("must begin with the line"));
  }
  tiny.labels = "file,label\na.wav,0\n\nb.wav,1\n";
  CHECK(tiny.error() == tiny.labels_error(":3: must have 2 fields, has 1"));
  tiny.labels = "file,label\n\"a.wav,0\n";
  CHECK(tiny.error() == tiny.labels_error(":2: a quote is not closed"));
  tiny.labels = "file,label\n,0\n";
  CHECK(tiny.error() == tiny.labels_error(":2: the file must not be empty"));
  tiny.labels = std::string("file,label\na.wav\0,0\n", 20);
  CHECK(tiny.error() == tiny.labels_error(":2: has a null character: not a text file in UTF-8"));
  tiny.labels = "file,label\na.wav,0,x\n";
  CHECK(tiny.error() == tiny.labels_error(":2: must have 2 fields, has 3"));
  tiny.labels = "file,label\na.wav,0\nx.wav,0\n";
  CHECK(tiny.error() == tiny.labels_error(":3: no such file: " + tiny.path("x.wav").string()));
  for (const char* label : {"3", "-1", "one", "", "1.5"}) {
    tiny.labels = std::string("file,label\na.wav,") + label + "\n";
    CHECK(tiny.error() == tiny.labels_error(std::string(":2: the label must be a number below the "
                                                        "suite's 3 classes, is \"") +
                                            label + "\""));
  }
  tiny.labels = "file,label,speaker\na.wav,0,\n";
  CHECK(tiny.error() == tiny.labels_error(":2: the speaker must not be empty"));
  tiny.labels = "file,label\na.wav,0\nb.wav,1\nc.ogg,2\n";
  CHECK_THAT(tiny.error(),
             Contains("the evaluation split is [2, 3], but") && Contains("has only 3 items"));
}

TEST_CASE("a rate that no sound has is refused before it is resampled") {
  const Fixture tiny;
  write_sound(tiny.path("a.wav"), sine(440.0, 4000, 8000), 1);
  CHECK_THROWS_WITH(tiny.read()->burst(std::vector<std::size_t>{0}, 0),
                    tiny.path("a.wav").string() +
                        ": says that it has 1 samples a second; sound has 1000 to 768000");
}

TEST_CASE("a sound takes memory for the samples that it has, not for those that it promises") {
  const Fixture tiny;
  write_sound(tiny.path("a.flac"), sine(440.0, 500, 8000), 8000, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  std::fstream file(tiny.path("a.flac"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(22);  // the low 32 of 36 bits: the number of samples
  file.write("\x40\0\0\0", 4);
  file.close();
  CHECK_THAT(tiny.clip_error("a.flac"), Contains("truncated: has 500 of 1073741824 samples"));
}
