#pragma once

#include <caf/error.hpp>
#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Type of the elements of a payload. The values are part of the wire format.
enum class element_type : uint8_t {
  float32 = 1,
  float64 = 2,
  int64 = 3,
  uint8 = 4,
  float16 = 5,
};

/// Bytes of one element; 0 for a value that is no element type.
size_t bytes_of(element_type type) noexcept;

/// "float32", ...
std::string_view to_string(element_type type) noexcept;

/// The memory behind a payload. Immutable for as long as anybody holds it.
class payload_storage {
public:
  virtual ~payload_storage() = default;

  /// The bytes in host memory, or nullptr when they live on another device.
  virtual const std::byte* host_data() const noexcept = 0;

  /// Copies all bytes to `destination`, from whatever device they live on.
  virtual void copy_to(std::byte* destination) const = 0;
};

/// Bytes in host memory owned by the storage itself.
class host_storage final : public payload_storage {
public:
  /// `bytes` uninitialized bytes, aligned as LibTorch likes it (64).
  explicit host_storage(size_t bytes);

  std::byte* data() noexcept { return data_.get(); }

  const std::byte* host_data() const noexcept override { return data_.get(); }

  void copy_to(std::byte* destination) const override;

private:
  struct release {
    void operator()(std::byte* x) const noexcept;
  };

  size_t bytes_;
  std::unique_ptr<std::byte, release> data_;
};

/// An immutable tensor on its way from one node to another: element type,
/// shape, and a reference to the bytes. Inside a process it travels by
/// reference and nobody ever writes to it; between processes it travels as
/// raw bytes in one piece.
///
/// Wire format: element type (1 byte), number of dimensions (1 byte), extents
/// (8 bytes each), number of bytes (8 bytes), bytes. All of it is checked
/// before memory is allocated.
class tensor_payload {
public:
  /// An empty payload: no dimensions, no bytes.
  tensor_payload() = default;

  /// @pre `storage` holds `bytes_of(type)` times the product of `shape`.
  tensor_payload(element_type type, std::vector<int64_t> shape,
                 std::shared_ptr<const payload_storage> storage);

  element_type type() const noexcept { return type_; }

  const std::vector<int64_t>& shape() const noexcept { return shape_; }

  /// Number of elements.
  size_t numel() const noexcept;

  /// Number of bytes.
  size_t size_bytes() const noexcept { return numel() * bytes_of(type_); }

  bool empty() const noexcept { return storage_ == nullptr; }

  const std::shared_ptr<const payload_storage>& storage() const noexcept {
    return storage_;
  }

  /// "float32 [61706]", for messages.
  std::string describe() const;

  /// Equal type, shape and bytes.
  friend bool operator==(const tensor_payload& a, const tensor_payload& b);

  friend caf::error inspect(caf::serializer& sink, tensor_payload& x);
  friend caf::error inspect(caf::deserializer& source, tensor_payload& x);

private:
  element_type type_ = element_type::float32;
  std::vector<int64_t> shape_;
  std::shared_ptr<const payload_storage> storage_;
};

std::string to_string(const tensor_payload& x);

/// Most dimensions a payload may have.
constexpr size_t payload_rank_max = 8;

/// The largest payload this process accepts from another one, in bytes.
/// Starts at 1 GiB; a run lowers it to what its own nets need.
size_t payload_bytes_max() noexcept;
void payload_bytes_max(size_t bytes) noexcept;

/// Returns an error naming both sides unless `x` is a vector of `numel`
/// elements of `type`.
caf::error check_payload(const tensor_payload& x, element_type type,
                         size_t numel);

} // namespace caps
