#include "messages/tensor_payload.hpp"

#include "messages/error_code.hpp"
#include "messages/payloads_apart.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/deserializer.hpp>
#include <caf/detail/serialized_size.hpp>
#include <caf/serializer.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <new>

namespace caps {

namespace {

constexpr auto alignment = std::align_val_t{64};

std::atomic<size_t> bytes_max{size_t{1} << 30};

} // namespace

size_t bytes_of(element_type type) noexcept {
  switch (type) {
    case element_type::float32:
      return 4;
    case element_type::float64:
    case element_type::int64:
      return 8;
    case element_type::uint8:
      return 1;
    case element_type::float16:
      return 2;
  }
  return 0;
}

std::string_view to_string(element_type type) noexcept {
  switch (type) {
    case element_type::float32:
      return "float32";
    case element_type::float64:
      return "float64";
    case element_type::int64:
      return "int64";
    case element_type::uint8:
      return "uint8";
    case element_type::float16:
      return "float16";
  }
  return "unknown";
}

host_storage::host_storage(size_t bytes)
  : bytes_(bytes),
    data_(static_cast<std::byte*>(::operator new(bytes, alignment))) {
}

void host_storage::copy_to(std::byte* destination) const {
  std::memcpy(destination, data_.get(), bytes_);
}

void host_storage::release::operator()(std::byte* x) const noexcept {
  ::operator delete(x, alignment);
}

tensor_payload::tensor_payload(element_type type, std::vector<int64_t> shape,
                               std::shared_ptr<const payload_storage> storage)
  : type_(type), shape_(std::move(shape)), storage_(std::move(storage)) {
}

size_t tensor_payload::numel() const noexcept {
  if (storage_ == nullptr)
    return 0;
  size_t result = 1;
  for (auto extent : shape_)
    result *= static_cast<size_t>(extent);
  return result;
}

std::string tensor_payload::describe() const {
  if (empty())
    return "nothing";
  return fmt::format("{} [{}]", to_string(type_), fmt::join(shape_, ", "));
}

bool operator==(const tensor_payload& a, const tensor_payload& b) {
  if (a.empty() || b.empty())
    return a.empty() && b.empty();
  if (a.type_ != b.type_ || a.shape_ != b.shape_)
    return false;
  if (a.storage_ == b.storage_)
    return true;
  host_storage x{a.size_bytes()};
  host_storage y{a.size_bytes()};
  a.storage_->copy_to(x.data());
  b.storage_->copy_to(y.data());
  return std::memcmp(x.data(), y.data(), a.size_bytes()) == 0;
}

std::string to_string(const tensor_payload& x) {
  return x.describe();
}

caf::error inspect(caf::serializer& sink, tensor_payload& x) {
  auto type = x.empty() ? uint8_t{0} : static_cast<uint8_t>(x.type_);
  auto rank = static_cast<uint8_t>(x.shape_.size());
  auto bytes = static_cast<uint64_t>(x.size_bytes());
  if (auto err = sink(type))
    return err;
  if (x.empty())
    return caf::none;
  if (auto err = sink(rank))
    return err;
  for (auto& extent : x.shape_)
    if (auto err = sink(extent))
      return err;
  if (auto err = sink(bytes))
    return err;
  if (bytes == 0)
    return caf::none;
  // Whoever only counts must not pay for a copy from a device.
  if (dynamic_cast<caf::detail::serialized_size_inspector*>(&sink) != nullptr)
    return sink.apply_raw(bytes, nullptr);
  if (auto apart = payloads_apart::here()) {
    apart->leave({x.storage_, bytes});
    return caf::none;
  }
  if (auto data = x.storage_->host_data())
    return sink.apply_raw(bytes, const_cast<std::byte*>(data));
  host_storage copy{bytes};
  x.storage_->copy_to(copy.data());
  return sink.apply_raw(bytes, copy.data());
}

caf::error inspect(caf::deserializer& source, tensor_payload& x) {
  auto malformed = [](std::string text) {
    return make_error(error_code::malformed_payload, std::move(text));
  };
  uint8_t type = 0;
  if (auto err = source(type))
    return err;
  if (type == 0) {
    x = tensor_payload{};
    return caf::none;
  }
  auto width = bytes_of(static_cast<element_type>(type));
  if (width == 0)
    return malformed(fmt::format("payload of unknown element type {}", type));
  uint8_t rank = 0;
  if (auto err = source(rank))
    return err;
  if (rank > payload_rank_max)
    return malformed(fmt::format("payload of {} dimensions, at most {} are "
                                 "allowed",
                                 rank, payload_rank_max));
  std::vector<int64_t> shape(rank);
  auto limit = payload_bytes_max();
  uint64_t expected = width;
  for (auto& extent : shape) {
    if (auto err = source(extent))
      return err;
    if (extent < 0)
      return malformed(fmt::format("payload with extent {}", extent));
    if (__builtin_mul_overflow(expected, static_cast<uint64_t>(extent),
                               &expected))
      return malformed("payload whose shape has more than 2^64 bytes");
  }
  uint64_t bytes = 0;
  if (auto err = source(bytes))
    return err;
  if (bytes != expected)
    return malformed(fmt::format("payload of shape [{}] announces {} bytes "
                                 "instead of {}",
                                 fmt::join(shape, ", "), bytes, expected));
  if (bytes > limit)
    return make_error(error_code::oversized_payload,
                      fmt::format("payload of {} bytes, at most {} are "
                                  "accepted here",
                                  bytes, limit));
  if (auto apart = payloads_apart::here(); apart != nullptr && bytes > 0) {
    auto storage = apart->take(bytes);
    if (storage == nullptr)
      return make_error(error_code::truncated_payload,
                        fmt::format("payload of {} bytes, which did not come "
                                    "with its message",
                                    bytes));
    x = tensor_payload{static_cast<element_type>(type), std::move(shape),
                       std::move(storage)};
    return caf::none;
  }
  // Only what has arrived may be allocated.
  auto binary = dynamic_cast<caf::binary_deserializer*>(&source);
  if (binary != nullptr && bytes > binary->remaining())
    return make_error(error_code::truncated_payload,
                      fmt::format("payload of {} bytes, only {} have arrived",
                                  bytes, binary->remaining()));
  auto storage = std::make_shared<host_storage>(bytes);
  if (bytes > 0)
    if (auto err = source.apply_raw(bytes, storage->data()))
      return err;
  x = tensor_payload{static_cast<element_type>(type), std::move(shape),
                     std::move(storage)};
  return caf::none;
}

size_t payload_bytes_max() noexcept {
  return bytes_max;
}

void payload_bytes_max(size_t bytes) noexcept {
  bytes_max = bytes;
}

caf::error check_payload(const tensor_payload& x, element_type type,
                         size_t numel) {
  if (!x.empty() && x.type() == type && x.shape().size() == 1
      && x.numel() == numel)
    return caf::none;
  return make_error(error_code::mismatched_payload,
                    fmt::format("received {}, expected {} [{}]", x.describe(),
                                to_string(type), numel));
}

} // namespace caps
