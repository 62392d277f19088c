#include "actors/protocols/compressed_payload.hpp"

#include "actors/node/payload_tensor.hpp"

#include <ATen/ops/empty.h>

namespace caps {

namespace {

tensor_payload wrap(const at::Tensor& x) {
  return x.defined() ? to_payload(x) : tensor_payload{};
}

at::Tensor unwrap(const tensor_payload& x) {
  return x.empty() ? at::Tensor{} : to_tensor(x);
}

/// A tensor without elements may have travelled as no tensor.
at::Tensor or_nothing(const at::Tensor& x, at::ScalarType type) {
  return x.defined() ? x : at::empty({0}, type);
}

} // namespace

compressed_payload to_payload(const compressed_vector& x) {
  return {static_cast<uint8_t>(x.kind),
          x.numel,
          wrap(x.values),
          wrap(x.indices),
          wrap(x.scales),
          x.block,
          x.seed};
}

compressed_vector to_compressed(const compressed_payload& x, int64_t numel,
                                at::ScalarType type) {
  compressed_vector result{static_cast<compression_kind>(x.kind),
                           x.numel,
                           unwrap(x.values),
                           unwrap(x.indices),
                           unwrap(x.scales),
                           x.block,
                           x.seed};
  if (result.kind == compression_kind::parts) {
    result.values = or_nothing(result.values, type);
    result.indices = or_nothing(result.indices, at::kByte);
  }
  check(result, numel, type);
  return result;
}

} // namespace caps
