#include "runtime/process/version.hpp"

#include <caf/config.hpp>
#include <torch/version.h>

#include <fmt/format.h>

namespace caps {

std::string version_text() {
  return fmt::format("caps_runtime {} (CAF {}.{}.{}, LibTorch {})",
                     CAPS_VERSION, CAF_VERSION / 10000, CAF_VERSION / 100 % 100,
                     CAF_VERSION % 100, TORCH_VERSION);
}

} // namespace caps
