#pragma once

#include "messages/double_bits.hpp"
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

/// As `gradient`, without what the worker left out.
struct compressed_gradient {
  message_stamp stamp;
  double loss = 0;
  int64_t correct = 0;
  int64_t samples = 0;
  /// Of a vector of the length of the receiver's parameters.
  compressed_payload values;
  tensor_payload buffers;
};

/// What a receiver that holds a copy of the source's parameters needs to bring
/// it up to date: the parts that changed enough, or a compressed difference.
struct partial_parameters {
  message_stamp stamp;
  /// `stamp.version` of the message of the source that comes before this one:
  /// the copy must be of that version.
  uint64_t base = 0;
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

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, compressed_gradient& x) {
  return f(caf::meta::type_name("compressed_gradient"), x.stamp,
           double_bits{x.loss}, x.correct, x.samples, x.values, x.buffers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, partial_parameters& x) {
  return f(caf::meta::type_name("partial_parameters"), x.stamp, x.base,
           x.content);
}

} // namespace caps
