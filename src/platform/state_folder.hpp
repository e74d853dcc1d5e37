// The folder that keeps limits across processes. What stands in it is written to the machine's
// limits, as root most often: so nobody else may have put it there.
#pragma once

#include <filesystem>

namespace bench {

/// $XDG_STATE_HOME/alert-bench, or ~/.local/state/alert-bench. Throws MachineError where neither
/// variable names a folder.
std::filesystem::path state_folder();

/// Whether there is such a folder.
bool has_state_folder();

/// Makes it where it is missing. Throws std::system_error.
void make_state_folder();

/// Throws MachineError unless the folder is the caller's, no other user may write to it, and
/// neither a link nor a folder of another user stands on the way to it.
void check_state_folder();

/// Throws MachineError unless `file`, in the checked folder, is a regular file of the caller's that
/// no other user may write to and that has no second name.
void check_state_file(const std::filesystem::path& file);

}  // namespace bench
