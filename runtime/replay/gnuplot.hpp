#pragma once

#include "runtime/replay/series.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Format of a picture.
enum class picture : uint8_t { png, svg };

/// The program for gnuplot that draws a line for each series into `file`.
std::string gnuplot_script(const std::vector<series>& all,
                           std::string_view title, std::string_view axis,
                           const std::filesystem::path& file, picture format);

/// Runs gnuplot. Throws `input_error` if it is not installed, `error` if it
/// fails.
void run_gnuplot(const std::string& script);

} // namespace caps
