// Is a file of ours well-formed: config, platform, suite, profile, trace, log, results.
#pragma once

#include <filesystem>
#include <string>

namespace bench {

/// What the file is, in a few words, once all of it has been read and checked ("trace: 300
/// inputs"). Throws InputError or MachineError for the first thing that is wrong. Runs nothing that
/// a suite brings, but with `deep`: then each model of a suite, or of a config's, on one input.
std::string validate(const std::filesystem::path& file, bool deep);

}  // namespace bench
