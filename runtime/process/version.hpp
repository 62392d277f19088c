#pragma once

#include <string>

namespace caps {

/// Versions of this program and of the libraries it runs with.
std::string version_text();

} // namespace caps
