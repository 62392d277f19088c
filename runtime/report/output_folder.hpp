#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace caps {

/// Makes the folder a run writes to. An existing folder is taken if it is
/// empty or `force` is set; its files are then overwritten one by one as the
/// run writes them. Throws `input_error` otherwise, and `error` when the
/// folder cannot be made.
void make_output_folder(const std::filesystem::path& folder, bool force);

/// A folder of that name in another one. Names come from scenarios: throws
/// `input_error` for one that leads elsewhere.
std::filesystem::path folder_inside(const std::filesystem::path& folder,
                                    const std::string& name);

/// "runs/<scenario>-<date>-<time>", with a number behind if that is taken.
std::filesystem::path default_output_folder(const std::string& scenario_name);

/// Writes a whole file so that nobody ever sees half of it; throws `error`
/// naming the file.
void write_file(const std::filesystem::path& file, std::string_view content);

} // namespace caps
