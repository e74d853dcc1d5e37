#include "base/sha256.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>

#include "base/error.hpp"

namespace bench {

std::string sha256_hex(const std::filesystem::path& file) {
  const auto check = [](int result) {
    if (result != 1) throw std::runtime_error("libcrypto: SHA-256 does not work");
  };
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  std::ifstream in(file, std::ios::binary);
  std::array<char, 1 << 16> block;
  do {
    in.read(block.data(), block.size());
    check(EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(in.gcount())));
  } while (in);
  if (!in.eof()) throw InputError(fmt::format("{}: cannot read this file", file.string()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context.get(), digest.data(), &size));
  return fmt::format("{:02x}", fmt::join(std::span(digest).first(size), ""));
}

}  // namespace bench
