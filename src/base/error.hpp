// The errors that end a command, by exit status (2, 3, 4 of README.md).
#pragma once

#include <stdexcept>
#include <string>

namespace bench {

/// Bad usage, config or file: exit status 2. The message names the file, the place in it, what was
/// found, and what is allowed.
class InputError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The machine lacks what the config demands: exit status 3. The message says how to get it.
class MachineError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A signal asked the program to stop; what is on disk can be resumed: exit status 4.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace bench
