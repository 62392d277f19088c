#pragma once

#include "messages/fwd.hpp"
#include "messages/tensor_payload.hpp"
#include "messages/type_ids.hpp"
#include "messages/types.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>

namespace caps {

/// A vector that was made smaller by leaving something out; the fields are
/// those of a `compressed_vector` (models/compression).
struct compressed_payload {
  uint8_t kind = 0;
  int64_t numel = 0;
  tensor_payload values;
  tensor_payload indices;
  tensor_payload scales;
  int64_t block = 0;
  uint64_t seed = 0;
};

/// How the public copy of the source's parameters changes (CHOCO-SGD).
struct compressed_difference {
  message_stamp stamp;
  compressed_payload content;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, compressed_payload& x) {
  return f(caf::meta::type_name("compressed_payload"), x.kind, x.numel,
           x.values, x.indices, x.scales, x.block, x.seed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f,
                                        compressed_difference& x) {
  return f(caf::meta::type_name("compressed_difference"), x.stamp, x.content);
}

} // namespace caps
