#pragma once

#include <bit>
#include <cstdint>

namespace caps {

/// Lets a double travel as its bits, which every `inspect` of a message with
/// doubles should ask for: CAF 0.17.6 sends NaN as some number, loses the sign
/// of zero, and never comes back from writing an infinite one.
struct double_bits {
  double& value;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, double_bits& x) {
  auto bits = std::bit_cast<uint64_t>(x.value);
  if constexpr (Inspector::writes_state) {
    auto problem = f(bits);
    x.value = std::bit_cast<double>(bits);
    return problem;
  } else {
    return f(bits);
  }
}

} // namespace caps
