#pragma once

#include "messages/actors.hpp"
#include "messages/error_code.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace caps::test {

using wire_bytes = caf::binary_serializer::container_type;

/// A config that knows the messages of this project.
struct message_config : caf::actor_system_config {
  message_config() { add_messages(*this); }
};

/// An actor system to serialize in.
struct system_fixture {
  message_config config;
  caf::actor_system system{config};

  template <class T>
  wire_bytes write(T x) {
    wire_bytes result;
    caf::binary_serializer sink{system, result};
    if (auto problem = sink(x))
      throw std::runtime_error("cannot write: " + describe(system, problem));
    return result;
  }

  /// Reads an object; all bytes have to be used up.
  template <class T>
  caf::error read(const wire_bytes& bytes, T& x) {
    caf::binary_deserializer source{system, bytes};
    if (auto problem = source(x))
      return problem;
    if (source.remaining() > 0)
      return make_error(error_code::malformed_payload, "bytes are left over");
    return caf::none;
  }
};

/// Puts a limit on payloads until the test ends.
class payload_limit {
public:
  explicit payload_limit(size_t bytes) { payload_bytes_max(bytes); }
  ~payload_limit() { payload_bytes_max(before_); }

private:
  size_t before_ = payload_bytes_max();
};

/// A payload whose elements are `values`.
template <class T>
tensor_payload make_payload(element_type type, std::vector<int64_t> shape,
                            const std::vector<T>& values) {
  auto bytes = values.size() * sizeof(T);
  auto storage = std::make_shared<host_storage>(bytes);
  if (bytes > 0)
    std::memcpy(storage->data(), values.data(), bytes);
  return {type, std::move(shape), std::move(storage)};
}

/// The `error_code` in an error of this project.
inline error_code code_of(const caf::error& x) {
  return x.category() == caf::atom("caps") ? static_cast<error_code>(x.code())
                                           : error_code::none;
}

} // namespace caps::test
