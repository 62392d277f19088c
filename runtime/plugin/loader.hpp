#pragma once

#include "runtime/components/components.hpp"

#include <filesystem>

namespace caps {

/// Returns `known` with the components of a plug-in, which stays loaded to the
/// end of the program: what it made may live as long. A plug-in that `known`
/// has already is not added again.
///
/// Throws `input_error`, which begins with the file, if it cannot be read, is
/// no plug-in, was built for another program than this, needs what this
/// program does not have, or if it fails to add its components.
components with_plugin(const components& known,
                       const std::filesystem::path& file);

} // namespace caps
