#include <sndfile.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "suite/formats.hpp"
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

TEST_CASE("tables of clips that are wrong") {
  Fixture tiny;
  tiny.labels = "";
  CHECK(tiny.error() ==
        tiny.labels_error(": must begin with the line file,label or file,label,speaker"));
  tiny.labels = "file;label\n";
  CHECK_THAT(tiny.error(), Contains("must begin with the line"));
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
