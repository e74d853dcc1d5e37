// The data sets behind suite/dataset.hpp, and what they share.
#pragma once

#include "suite/dataset.hpp"

namespace bench {

std::unique_ptr<Dataset> open_idx_dataset(const Suite& suite, const IdxFiles& files);
std::unique_ptr<Dataset> open_audio_dataset(const Suite& suite, const AudioFiles& files);
std::unique_ptr<Dataset> open_tensor_dataset(const Suite& suite, const TensorFiles& files,
                                             std::size_t threads);
std::unique_ptr<Dataset> open_text_dataset(const Suite& suite, const TextFiles& files);

/// An IDX file of unsigned bytes: "\0\0\x08" + dimensions, big-endian sizes, then the bytes.
struct Idx {
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;
};
/// Plain or gzip.
Idx read_idx(const std::filesystem::path& file);

/// A whole clip as its file has it, channels averaged. Throws InputError where the file is not
/// sound that libsndfile reads, is cut short, is silent, or has samples that are no sound.
struct Clip {
  std::vector<float> samples;
  std::size_t sample_rate_hz = 0;
};
Clip read_clip(const std::filesystem::path& file);

/// The lines of a text file, without their ends, a byte order mark, and blank lines at the end.
std::vector<std::string> read_lines(const std::filesystem::path& file);

[[noreturn]] void fail_file(const std::filesystem::path& file, std::string_view message);

}  // namespace bench
