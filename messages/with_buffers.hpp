#pragma once

#include "messages/fwd.hpp"
#include "messages/tensor_payload.hpp"

#include <caf/meta/type_name.hpp>

#include <utility>

namespace caps {

/// A message between peers that averages buffers as well (BatchNorm
/// statistics): all of `Message`, and the source's buffers as they are to be
/// averaged. A model without buffers sends `Message` alone.
template <class Message>
struct with_buffers : Message {
  with_buffers() = default;

  with_buffers(Message message, tensor_payload statistics)
    : Message(std::move(message)), buffers(std::move(statistics)) {}

  /// 1-D, of the length of the receiver's buffers.
  tensor_payload buffers;
};

template <class Inspector, class Message>
typename Inspector::result_type inspect(Inspector& f,
                                        with_buffers<Message>& x) {
  return f(caf::meta::type_name("with_buffers"), static_cast<Message&>(x),
           x.buffers);
}

} // namespace caps
