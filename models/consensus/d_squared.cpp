#include "models/consensus/d_squared.hpp"

#include "models/fused_pass.hpp"

#include <fmt/format.h>

namespace caps {

void d_squared(const at::Tensor& weights, const at::Tensor& local,
               const at::Tensor& memory, const at::Tensor& half) {
  fused_pass(into(half, memory), from(weights, local, memory),
             [](auto x, auto s, auto before) {
               return std::make_tuple(s + (x - before), s);
             });
}

void check_d_squared(const mixing_matrix& weights) {
  check_doubly_stochastic(weights);
  check_symmetric(weights);
  auto smallest = smallest_eigenvalue(weights);
  // Ring weights of 1/3 have exactly -1/3 if the ring is even.
  if (!(smallest > -1.0 / 3 + 1e-9))
    throw input_error(fmt::format("the averaging weights have the eigenvalue "
                                  "{:.6g}, but D^2 needs all above -1/3; half "
                                  "of them plus half of the identity (lazy "
                                  "weights) will do",
                                  smallest));
}

} // namespace caps
