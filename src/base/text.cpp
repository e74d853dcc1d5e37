#include "base/text.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace bench {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  ///< 0: not UTF-8
};

/// The character that the text begins with (RFC 3629, section 3).
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC0 || lead >= 0xF8 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3Fu);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least[bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

bool is_shown(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool separator_or_direction = code == 0x200E || code == 0x200F || code == 0x061C ||
                                      (code >= 0x2028 && code <= 0x202E) ||
                                      (code >= 0x2066 && code <= 0x2069);
  return !control && !separator_or_direction && (code & 0xFFFE) != 0xFFFE;
}

bool continues(char byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto [code, bytes] = first_character(text);
    if (bytes == 0)
      shown += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[0]));
    else if (is_shown(code))
      shown += text.substr(0, bytes);
    else if (code == '\n' || code == '\t' || code == '\r')
      shown += code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r";
    else
      shown += code < 0x80 ? fmt::format("\\x{:02X}", code) : fmt::format("\\u{:04X}", code);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return shown;
}

std::string shortened(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view gap = "...";
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t begin = (max_bytes - gap.size()) * 2 / 3;
  std::size_t end = text.size() - (max_bytes - gap.size() - begin);
  while (begin > 0 && continues(text[begin])) --begin;
  while (end < text.size() && continues(text[end])) ++end;
  return fmt::format("{}{}{}", text.substr(0, begin), gap, text.substr(end));
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = first_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace bench
