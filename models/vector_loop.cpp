#include "models/vector_loop.hpp"

namespace caps::fused {

namespace {

instruction_set detect_instruction_set() noexcept {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512bw"))
    return instruction_set::avx512;
  if (__builtin_cpu_supports("avx2"))
    return instruction_set::avx2;
#endif
  return instruction_set::base;
}

} // namespace

instruction_set best_instruction_set() noexcept {
  static const auto result = detect_instruction_set();
  return result;
}

} // namespace caps::fused
