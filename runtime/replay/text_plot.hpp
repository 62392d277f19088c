#pragma once

#include "runtime/replay/series.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// A plot in characters: a digit or letter for each node, '*' where several
/// meet. `title` goes above, `axis` below.
///
/// @pre there is a point in at least one series
std::string text_plot(const std::vector<series>& all, std::string_view title,
                      std::string_view axis);

} // namespace caps
