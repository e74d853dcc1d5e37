#include "base/sha256.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <stdexcept>

#include "base/error.hpp"
#include "base/files.hpp"

namespace bench {

std::string sha256_hex(const std::filesystem::path& file) {
  const auto check = [](int result) {
    if (result != 1) throw std::runtime_error("libcrypto: SHA-256 does not work");
  };
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  const Descriptor in = open_regular(file);
  std::array<char, 1 << 16> block;
  ssize_t got = 0;
  while ((got = read(in.number(), block.data(), block.size())) > 0)
    check(EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(got)));
  if (got < 0) throw InputError(fmt::format("{}: cannot read this file", file.string()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context.get(), digest.data(), &size));
  return fmt::format("{:02x}", fmt::join(std::span(digest).first(size), ""));
}

}  // namespace bench
