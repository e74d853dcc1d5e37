// SHA-256 of files, by libcrypto.
#pragma once

#include <filesystem>
#include <string>

namespace bench {

/// 64 lower-case hexadecimal digits. Throws InputError where the file cannot be read.
std::string sha256_hex(const std::filesystem::path& file);

}  // namespace bench
