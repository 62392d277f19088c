#include "runtime/process/version.hpp"

#include <ATen/Version.h>
#include <caf/config.hpp>
#include <torch/version.h>

#include <fmt/format.h>

#include <dlfcn.h>

namespace caps {

namespace {

/// LibTorch says it in a longer text alone.
std::string torch_kernels() {
  const std::string_view before = "CPU capability usage: ";
  auto text = at::show_config();
  auto begin = text.find(before);
  if (begin == std::string::npos)
    return "unknown";
  begin += before.size();
  return text.substr(begin, text.find_first_of("\n,", begin) - begin);
}

/// Null where LibTorch works with another library than OpenBLAS.
const char* openblas_kernels() {
  auto symbol = dlsym(RTLD_DEFAULT, "openblas_get_corename");
  if (symbol == nullptr)
    return nullptr;
  return reinterpret_cast<char* (*)()>(symbol)();
}

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
  auto blas = openblas_kernels();
  return fmt::format("{}\ncompiler: {}\nCPU kernels: {} of LibTorch, {}",
                     version_text(), compiler(), torch_kernels(),
                     blas != nullptr ? fmt::format("{} of OpenBLAS", blas)
                                     : "no OpenBLAS");
}

} // namespace caps
