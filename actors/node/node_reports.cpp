// What a node reports of itself, to evaluator, coordinator and recording.

#include "actors/node/node.hpp"

#include "actors/node/payload_tensor.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace caps {

void node::report_end() {
  send_snapshot(moment::end_of_training);
  keep_state(snapshot_reason::end);
  if (!failure_) {
    caf::anon_send(coordinator_, node_finished{next_stamp()});
    return;
  }
  failure_->stamp = next_stamp();
  caf::anon_send(coordinator_, std::move(*failure_));
}

void node::send_snapshot(moment when) {
  node_snapshot x;
  x.stamp = next_stamp();
  reported_ = std::max(trained_.epochs_begun(), reported_ + 1);
  x.epoch = reported_;
  x.final = when != moment::end_of_epoch;
  x.crashed = when == moment::crash;
  x.time = now().count();
  quality_.move_to(x, environment_->train->shape().classes);
  x.bytes_sent = outbox_.bytes_sent();
  x.messages_sent = outbox_.messages_sent();
  x.edges = outbox_.records();
  // A worker's parameters are an old version of the servers', which step.
  x.learning_rate = std::numeric_limits<double>::quiet_NaN();
  if (role() != node_role::worker) {
    x.learning_rate = trained_.last_rate();
    if (!x.crashed) {
      x.weights = lend_weights();
      x.buffers = to_payload(parameters().buffers().read());
    }
  }
  caf::anon_send(evaluator_, std::move(x));
  send_metrics();
}

void node::send_metrics() {
  node_metrics x;
  x.values = protocol_.metrics();
  if (x.values.empty())
    return;
  x.stamp = next_stamp();
  x.epoch = reported_;
  x.time = now().count();
  caf::anon_send(coordinator_, std::move(x));
}

void node::keep_state(snapshot_reason reason) {
  // A worker's parameters are an old version of the servers'.
  if (events_.is_watched() && events_.snapshot_every()
      && role() != node_role::worker)
    events_.keep(reason, trained_.epoch(), parameters().buffers());
}

void node::note(const std::string& text) {
  if (events_.is_watched())
    events_.note(false, text);
  caf::anon_send(coordinator_, node_event{next_stamp(), now().count(), text});
}

} // namespace caps
