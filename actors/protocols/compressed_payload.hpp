#pragma once

#include "messages/compressed.hpp"
#include "models/compression/compressed_vector.hpp"

namespace caps {

/// A compressed vector as the content of a message, without copying.
compressed_payload to_payload(const compressed_vector& x);

/// The content of a message as a compressed vector, without copying. Throws
/// `error` saying what is wrong unless it stands for a vector of `numel`
/// elements of `type`.
compressed_vector to_compressed(const compressed_payload& x, int64_t numel,
                                at::ScalarType type);

} // namespace caps
