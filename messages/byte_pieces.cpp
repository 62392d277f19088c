#include "messages/byte_pieces.hpp"

#include <cstring>
#include <memory>
#include <stdexcept>

namespace caps {

std::vector<tensor_payload> to_pieces(std::string_view bytes) {
  auto most = payload_bytes_max();
  if (bytes.size() > byte_pieces_max * most)
    throw std::length_error("more bytes than fit into a message");
  std::vector<tensor_payload> result;
  while (!bytes.empty()) {
    auto part = bytes.substr(0, most);
    bytes.remove_prefix(part.size());
    auto storage = std::make_shared<host_storage>(part.size());
    std::memcpy(storage->data(), part.data(), part.size());
    result.emplace_back(element_type::uint8,
                        std::vector{static_cast<int64_t>(part.size())},
                        std::move(storage));
  }
  return result;
}

std::string from_pieces(const std::vector<tensor_payload>& pieces) {
  std::string result;
  for (const auto& x : pieces) {
    auto begin = result.size();
    result.resize(begin + x.size_bytes());
    if (x.storage() != nullptr)
      x.storage()->copy_to(reinterpret_cast<std::byte*>(&result[begin]));
  }
  return result;
}

} // namespace caps
