#include "models/threads.hpp"

#include <ATen/Parallel.h>

#include <dlfcn.h>

namespace caps {

void pin_math_to_one_thread() {
  at::set_num_threads(1);
  // OpenBLAS reads its environment when it is loaded, long before main; the
  // function is looked up because another BLAS may be installed.
  using setter = void (*)(int);
  static auto set_blas_threads
    = reinterpret_cast<setter>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set_blas_threads != nullptr)
    set_blas_threads(1);
}

} // namespace caps
