#include "runtime/process/version.hpp"

#include "runtime/process/arithmetic.hpp"

#include <caf/config.hpp>
#include <torch/version.h>

#include <fmt/format.h>

namespace caps {

namespace {

std::string compiler() {
#ifdef __clang__
  return fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__,
                     __clang_patchlevel__);
#else
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__,
                     __GNUC_PATCHLEVEL__);
#endif
}

} // namespace

std::string version_text() {
  return fmt::format("caps_runtime {} (CAF {}.{}.{}, LibTorch {})",
                     CAPS_VERSION, CAF_VERSION / 10000, CAF_VERSION / 100 % 100,
                     CAF_VERSION % 100, TORCH_VERSION);
}

std::string long_version_text() {
  return fmt::format("{}\ncompiler: {}\nCPU kernels: {}", version_text(),
                     compiler(), this_arithmetic().text());
}

} // namespace caps
