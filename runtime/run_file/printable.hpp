#pragma once

#include <string>

namespace caps {

/// Text that may come from a file, without what a terminal would obey: control
/// characters (of ASCII, and those of Unicode beyond it) become question marks.
std::string printable(std::string text);

/// The same for several lines, which stay lines.
std::string printable_lines(std::string text);

} // namespace caps
