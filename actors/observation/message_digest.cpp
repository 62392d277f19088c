#include "actors/observation/message_digest.hpp"

#include "models/checkpoint/checksums.hpp"

#include <caf/none.hpp>

namespace caps {

void message_digest::forget(std::vector<known_digest> known) {
  known_ = std::move(known);
}

uint64_t message_digest::of_bytes(std::span<const std::byte> bytes) {
  for (const auto& x : known_)
    if (x.data == bytes.data() && x.size == bytes.size())
      return x.value;
  auto result = checksum(bytes);
  if (remembers_ && bytes.size() >= remembered_min)
    known_.push_back({bytes.data(), bytes.size(), result});
  return result;
}

void message_digest::begin() {
  bytes_.clear();
  pieces_.clear();
}

uint64_t message_digest::result() const {
  return checksum(std::as_bytes(std::span{bytes_}));
}

template <class T>
caf::error message_digest::put(const T& x) {
  bytes_.append(reinterpret_cast<const char*>(&x), sizeof x);
  return caf::none;
}

template <class String>
caf::error message_digest::put_string(const String& x) {
  put(uint64_t{x.size()});
  bytes_.append(reinterpret_cast<const char*>(x.data()),
                x.size() * sizeof(typename String::value_type));
  return caf::none;
}

caf::error message_digest::begin_object(uint16_t&, std::string&) {
  return caf::none;
}

caf::error message_digest::end_object() {
  return caf::none;
}

caf::error message_digest::begin_sequence(size_t& size) {
  return put(uint64_t{size});
}

caf::error message_digest::end_sequence() {
  return caf::none;
}

caf::error message_digest::apply_raw(size_t size, void* data) {
  std::span<const std::byte> bytes{static_cast<std::byte*>(data), size};
  auto value = of_bytes(bytes);
  if (remembers_ && size >= remembered_min)
    pieces_.push_back({bytes.data(), size, value});
  return put(value);
}

caf::error message_digest::apply_impl(int8_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(uint8_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(int16_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(uint16_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(int32_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(uint32_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(int64_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(uint64_t& x) {
  return put(x);
}

caf::error message_digest::apply_impl(float& x) {
  return put(x);
}

caf::error message_digest::apply_impl(double& x) {
  return put(x);
}

caf::error message_digest::apply_impl(long double& x) {
  return put(static_cast<double>(x)); // the rest of its bytes is padding
}

caf::error message_digest::apply_impl(std::string& x) {
  return put_string(x);
}

caf::error message_digest::apply_impl(std::u16string& x) {
  return put_string(x);
}

caf::error message_digest::apply_impl(std::u32string& x) {
  return put_string(x);
}

} // namespace caps
