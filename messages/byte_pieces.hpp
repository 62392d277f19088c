#pragma once

#include "messages/tensor_payload.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Most pieces that `to_pieces` makes: with what else goes in a message, it
/// passes between processes.
constexpr size_t byte_pieces_max = 48;

/// Bytes as payloads, each as large as one may be between processes
/// (`payload_bytes_max`) or smaller. Throws `std::length_error` for more than
/// `byte_pieces_max` of them.
std::vector<tensor_payload> to_pieces(std::string_view bytes);

/// The bytes again.
std::string from_pieces(const std::vector<tensor_payload>& pieces);

} // namespace caps
