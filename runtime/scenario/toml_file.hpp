#pragma once

#include <filesystem>
#include <string>

namespace caps {

/// The text of a file that a user names, in TOML or otherwise. Throws `input_error` for a folder, for
/// what cannot be read, and for what is longer than any file of the kind, if it
/// ends at all.
///
/// @param kind "scenario", "study", "hosts"
/// @param expected what it should be: "a hosts file of MPI"
/// @param wanted_by where the file is named, before the message; may be empty
std::string text_of_named_file(const std::filesystem::path& file,
                               const std::string& kind,
                               const std::string& expected,
                               const std::string& wanted_by = "");

/// The same of a file in TOML.
std::string text_of_toml_file(const std::filesystem::path& file,
                              const std::string& kind,
                              const std::string& wanted_by = "");

} // namespace caps
