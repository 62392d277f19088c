#include "actors/node/payload_tensor.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <stdexcept>
#include <typeinfo>

namespace caps {

namespace {

/// A tensor as the memory of a payload.
class tensor_storage final : public payload_storage {
public:
  explicit tensor_storage(at::Tensor x) : tensor_(std::move(x)) {}

  const std::byte* host_data() const noexcept override {
    if (!tensor_.is_cpu())
      return nullptr;
    return static_cast<const std::byte*>(tensor_.data_ptr());
  }

  void copy_to(std::byte* destination) const override {
    auto host = tensor_.cpu();
    std::memcpy(destination, host.data_ptr(), host.nbytes());
  }

  const at::Tensor& tensor() const noexcept { return tensor_; }

private:
  at::Tensor tensor_;
};

at::ScalarType to_scalar_type(element_type x) {
  switch (x) {
    case element_type::float32:
      return at::kFloat;
    case element_type::float64:
      return at::kDouble;
    case element_type::int64:
      return at::kLong;
    case element_type::uint8:
      return at::kByte;
    case element_type::float16:
      return at::kHalf;
  }
  throw std::invalid_argument("unknown element type of a payload");
}

} // namespace

element_type to_element_type(at::ScalarType x) {
  switch (x) {
    case at::kFloat:
      return element_type::float32;
    case at::kDouble:
      return element_type::float64;
    case at::kLong:
      return element_type::int64;
    case at::kByte:
      return element_type::uint8;
    case at::kHalf:
      return element_type::float16;
    default:
      throw std::invalid_argument(
        std::string{"no payload can hold elements of type "} + toString(x));
  }
}

tensor_payload to_payload(const at::Tensor& x) {
  auto contiguous = x.contiguous();
  return {to_element_type(x.scalar_type()), contiguous.sizes().vec(),
          std::make_shared<tensor_storage>(contiguous)};
}

at::Tensor to_tensor(const tensor_payload& x) {
  auto options = at::TensorOptions{to_scalar_type(x.type())};
  const auto& storage = x.storage();
  if (storage == nullptr)
    return at::empty({0}, options);
  // A tensor that was wrapped in this process comes out as it went in.
  // (The class is final, and a type is compared faster than a cast is tried.)
  if (const auto& memory = *storage; typeid(memory) == typeid(tensor_storage))
    return static_cast<const tensor_storage&>(memory).tensor();
  auto data = const_cast<std::byte*>(storage->host_data());
  auto keep_alive = [storage](void*) {};
  return at::from_blob(data, x.shape(), keep_alive, options);
}

} // namespace caps
