// What was measured and said, for a recording.

#include "runtime/recording/recorder.hpp"

#include "actors/node/node_context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace caps {

namespace {

int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

} // namespace

void recorder::put(const std::string& name, std::optional<double> value,
                   node_id node, double seconds, std::optional<int64_t> epoch,
                   std::optional<int64_t> step) {
  if (value)
    put_metric({0, nanoseconds(seconds), node, epoch, step, name, value});
}

void recorder::put_metric(metric_row x) {
  {
    std::lock_guard lock{mutex_};
    if (in_copy_)
      return;
    x.sequence = begun_;
  }
  auto bytes = sizeof x + x.name.size();
  push(std::move(x), bytes);
}

void recorder::on_row(const metrics_row& x) {
  row_seconds_ = x.time;
  auto add = [&](const char* name, std::optional<double> value) {
    put(name, value, x.node, x.time, x.epoch, x.step);
  };
  add("train_loss", x.train.loss);
  add("train_acc", x.train.accuracy);
  add("val_loss", x.validation.loss);
  add("val_acc", x.validation.accuracy);
  add("test_loss", x.test.loss);
  add("test_acc", x.test.accuracy);
  add("consensus_distance", x.consensus_distance);
  add("mean_model_test_acc", x.mean_model_accuracy);
  add("lr", x.learning_rate);
  add("bytes_sent", static_cast<double>(x.bytes_sent));
  add("messages_sent", static_cast<double>(x.messages_sent));
}

void recorder::on_edge(const edge_row& x) {
  auto add = [&](const char* name, std::optional<double> value) {
    put(fmt::format("edge.{}.{}", name, x.to), value, x.from, row_seconds_,
        x.epoch, std::nullopt);
  };
  add("distance", x.distance);
  add("bytes_sent", static_cast<double>(x.bytes_sent));
  add("messages_sent", static_cast<double>(x.messages_sent));
  add("missed", static_cast<double>(x.missed));
}

void recorder::on_round(const round_row& x) {
  put("consensus_distance", x.consensus_distance, no_node, x.time, std::nullopt,
      x.step);
}

void recorder::on_view(const view_row& x) {
  put("members", static_cast<double>(x.living.size()), no_node,
      to_seconds(x.time), std::nullopt, x.from_step);
}

void recorder::keep_note(const node_event& x, bool failure) {
  // Where events are recorded, the node has told of it at the event.
  if (!wants_events())
    push(note_row{0, x.time, x.stamp.source, failure, x.text},
         sizeof(note_row) + x.text.size());
}

void recorder::on_metrics(const node_metrics& x) {
  for (const auto& y : x.values) {
    auto name = y.name;
    if (!y.of.empty())
      name += "." + y.of;
    auto in_histogram
      = std::ranges::any_of(x.values, [&](const metric_value& z) {
          return z.name == y.name && z.at != 0;
        });
    if (in_histogram)
      name += fmt::format(".{}", y.at);
    put_metric(
      {0, x.time, x.stamp.source, x.epoch, x.stamp.step, name, y.value});
  }
}

void recorder::on_end(const run_end& x) {
  close(&x);
}

} // namespace caps
