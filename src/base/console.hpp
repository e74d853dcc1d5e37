// What the program says: results on standard output, all else on standard error.
#pragma once

#include <string_view>

namespace bench {

/// To be called before any file is opened. Opens the standard streams that the caller closed, so
/// that no file gets their numbers; then keeps standard output for print() alone: what modules,
/// libraries and co-runners write there goes to standard error.
void claim_standard_streams();

/// Writes to standard output. Throws std::runtime_error, with the reason, where that fails.
void print(std::string_view text);
/// Throws likewise where what was printed has not arrived. Nothing can be printed after it.
void close_output();

/// A line on standard error, made printable() and not too long. Where it cannot be written, nobody
/// can be told.
void say(std::string_view line);
/// The same with the program's name before it.
void warn(std::string_view message);

}  // namespace bench
