// What a node sends, to others and to itself, and what it can use of what they
// send.

#include "actors/node/node.hpp"

#include "actors/node/payload_tensor.hpp"
#include "messages/error_code.hpp"

#include <caf/actor_clock.hpp>

#include <fmt/format.h>

#include <utility>

namespace caps {

message_stamp node::next_stamp() {
  return {id(), step(), ++sequence_, static_cast<uint64_t>(step())};
}

void node::route(node_id to, outgoing x) {
  auto way = outbox_.find(to);
  if (way == nullptr) {
    fail(error_code::unknown_sender,
         fmt::format("node {} sends to node {}, which is no neighbour of it",
                     id(), to));
    return;
  }
  outbox_.count(*way, x.bytes);
  if (events_.pass(to, x.stamp, x.versioned, x.bytes, x.content))
    return;
  // Whoever receives it must know in which view it was sent.
  if (environment_->has_views && !events_.is_watched())
    x.content = caf::make_message(sent_in_view{x.stamp, std::move(x.content)});
  outbox_.deliver(*way, std::move(x.content), x.bytes);
}

void node::schedule(duration delay, caf::message content) {
  if (!events_.pass_timer(step(), content))
    send_after(delay, std::move(content));
}

void node::send_after(duration delay, caf::message content) {
  clock().schedule_message(clock().now() + delay, caf::strong_actor_ptr{ctrl()},
                           caf::make_mailbox_element(ctrl(),
                                                     caf::make_message_id(), {},
                                                     std::move(content)));
}

at::Tensor node::accept(const message_stamp& from, const tensor_payload& x) {
  return accept(from, x, parameters().layout().numel());
}

at::Tensor node::accept(const message_stamp& from, const tensor_payload& x,
                        int64_t numel) {
  const auto& own = parameters().weights().read();
  auto problem = check_payload(x, to_element_type(own.scalar_type()),
                               static_cast<size_t>(numel));
  if (problem) {
    fail(error_code::mismatched_payload,
         fmt::format("node {} cannot use the parameters of node {} at step "
                     "{}: {}",
                     id(), from.source, from.step,
                     describe(home_system(), problem)));
    return {};
  }
  auto result = to_tensor(x);
  return own.device().is_cpu() ? result : result.to(own.device());
}

tensor_payload node::lend_weights() {
  return to_payload(parameters().weights().read());
}

} // namespace caps
