#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace caps {

/// Creates a CSV file with a header line; throws `error` naming the file when
/// that fails.
std::ofstream create_csv(const std::filesystem::path& file,
                         std::string_view header);

/// A number as a field; nothing is an empty field.
std::string csv_field(const std::optional<double>& x);

} // namespace caps
