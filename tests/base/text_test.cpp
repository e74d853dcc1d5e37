#include "base/text.hpp"

#include "support/catch.hpp"

using bench::is_utf8;
using bench::printable;
using bench::shortened;

TEST_CASE("printable: text stays as it is, whatever its script") {
  for (const std::string text : {"", "plain text", "ünï 語 – 𝛑", "a\\b \"q\" 'q' <&>"})
    CHECK(printable(text) == text);
}

TEST_CASE("printable: nothing is left that a terminal or XML takes for more than text") {
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x1B[31m") == "\\x1B[31m");
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\x7F") == "\\x7F");
  CHECK(printable("\xC2\x9B") == "\\u009B");      // a terminal's CSI in one character
  CHECK(printable("\xE2\x80\xAE") == "\\u202E");  // right to left from here
  CHECK(printable("\xE2\x81\xA6") == "\\u2066");
  CHECK(printable("\xE2\x80\xA8") == "\\u2028");
  CHECK(printable("\xEF\xBF\xBF") == "\\uFFFF");  // no character of XML
}

TEST_CASE("printable: bytes that are not UTF-8 stand as their numbers") {
  CHECK(printable("caf\xE9") == "caf\\xE9");
  CHECK(printable("\xC3") == "\\xC3");                             // cut
  CHECK(printable("\xC0\xAF") == "\\xC0\\xAF");                    // longer than need be
  CHECK(printable("\xED\xA0\x80") == "\\xED\\xA0\\x80");           // a surrogate
  CHECK(printable("\xF4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");  // beyond Unicode
  CHECK(printable("\x80x") == "\\x80x");
  CHECK_FALSE(is_utf8("caf\xE9"));
  CHECK(is_utf8("café"));
}

TEST_CASE("shortened: keeps begin and end, and no part of a character") {
  CHECK(shortened("0123456789", 10) == "0123456789");
  CHECK(shortened("0123456789abcdef", 12) == "012345...def");
  const std::string text = "ääääääääääääääääääää";  // 2 bytes each
  for (std::size_t bytes = 3; bytes <= text.size(); ++bytes) {
    CHECK(is_utf8(shortened(text, bytes)));
    CHECK(shortened(text, bytes).size() <= bytes);
  }
}
