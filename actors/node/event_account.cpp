#include "actors/node/event_account.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/checkpoint/checksums.hpp"
#include "models/norms.hpp"
#include "models/state_values.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace caps {

event_account::event_account(event_sink* sink, node_id id, node_role role,
                             bool in_host_memory)
  : sink_(sink), id_(id), role_(role) {
  digest_.remember(in_host_memory);
}

void event_account::watch(const event_origin& origin, int64_t step) {
  event_.emplace();
  event_->ticket = sink_->begin({id_, origin, time_.count()});
  event_->staleness = staleness_of(origin, step);
  time_ = duration{event_->ticket.time};
  digest_.forget(origin.pieces);
}

void event_account::tell(const event_origin& origin,
                         const caf::message& content, int64_t step,
                         const flat_buffer& weights, bool replaced) {
  auto& x = *event_;
  std::optional<uint64_t> state;
  if (replaced)
    state = digest_of(weights);
  if (x.snapshot)
    x.snapshot->weights = to_payload(weights.read());
  sink_->end({x.ticket, id_, origin, content, step, x.staleness, x.loss,
              x.norm, x.digest, state, std::move(x.snapshot)});
  event_.reset();
}

std::optional<int64_t> event_account::snapshot_every() const {
  return sink_ != nullptr ? sink_->snapshot_every() : std::nullopt;
}

void event_account::add_gradient(double loss, const at::Tensor& values) {
  event_->loss = loss;
  event_->seen.push_back(values);
  event_->norm = norm(values, {0, values.numel()});
  if (auto data = to_payload(values).storage()->host_data())
    event_->digest = digest_.of_bytes({data, values.nbytes()});
}

void event_account::keep(snapshot_reason reason, int64_t epoch,
                         const flat_buffer& buffers) {
  event_->snapshot
    = state_snapshot{reason, epoch, {}, to_payload(buffers.read())};
}

void event_account::note(bool failure, const std::string& text) {
  sink_->note(id_, event_->ticket, failure, text);
}

event_origin event_account::begin_computation(int64_t step) {
  ++computations_;
  if (!event_)
    return {};
  return origin_here(event_kind::gradient_ready, step, computations_);
}

bool event_account::pass(node_id to, const message_stamp& stamp,
                         bool versioned, size_t bytes, caf::message& content) {
  if (!event_)
    return false;
  auto origin = origin_here(message_kind(content), 0, 0);
  origin.stamp = stamp;
  origin.versioned = versioned;
  origin.bytes = bytes;
  origin.digest = digest_.result();
  origin.pieces = digest_.pieces();
  event_->sent.push_back(content);
  return pass(to, std::move(origin), content);
}

bool event_account::pass_timer(int64_t step, caf::message& content) {
  if (!event_)
    return false;
  auto origin = origin_here(event_kind::timer, step, ++timers_);
  auto kind = message_kind(content);
  origin.digest = checksum(std::as_bytes(std::span{kind}));
  return pass(id_, std::move(origin), content);
}

bool event_account::pass(node_id to, event_origin origin,
                         caf::message& content) {
  observed_message letter{std::move(content), std::move(origin)};
  if (sink_->take(to, letter))
    return true;
  content = caf::make_message(std::move(letter));
  return false;
}

void event_account::visit_state(state_visitor& visitor) {
  visit_value(visitor, "event_time", time_);
  visit_value(visitor, "computations", computations_);
  visit_value(visitor, "timers", timers_);
}

std::optional<int64_t>
event_account::staleness_of(const event_origin& origin, int64_t step) const {
  auto source = origin.stamp.source;
  if (source == no_node || source == id_)
    return std::nullopt;
  // A worker's steps are no versions of what its servers keep.
  if (role_ != node_role::peer
      && !(role_ == node_role::parameter_server && origin.versioned))
    return std::nullopt;
  // What a neighbour that is ahead sends is as new as can be.
  auto version = static_cast<int64_t>(origin.stamp.version);
  return std::max<int64_t>(0, step - version);
}

event_origin event_account::origin_here(std::string_view kind, int64_t step,
                                        uint64_t number) const {
  event_origin result;
  result.kind = kind;
  result.stamp = {id_, step, number, static_cast<uint64_t>(step)};
  result.cause = event_->ticket.sequence;
  result.sent = event_->ticket.time;
  return result;
}

uint64_t event_account::digest_of(const flat_buffer& weights) {
  auto payload = to_payload(weights.read());
  if (auto data = payload.storage()->host_data())
    return digest_.of_bytes({data, payload.size_bytes()});
  host_storage copy{payload.size_bytes()};
  payload.storage()->copy_to(copy.data());
  return checksum({copy.data(), payload.size_bytes()});
}

} // namespace caps
