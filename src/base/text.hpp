// Text that comes from outside, made fit to be shown.
#pragma once

#include <string>
#include <string_view>

namespace bench {

/// The same text as valid UTF-8 on one line that no terminal, log or XML takes for anything but
/// text: control characters, characters that turn the direction of writing and bytes that are not
/// UTF-8 stand as \n, \x1B or \u202E.
std::string printable(std::string_view text);

/// At most `max_bytes` of the text: its begin and its end, with "..." between.
std::string shortened(std::string_view text, std::size_t max_bytes);

bool is_utf8(std::string_view text);

}  // namespace bench
