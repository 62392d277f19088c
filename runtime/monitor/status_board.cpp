#include "runtime/monitor/status_board.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace caps {

status_board::status_board(run_observer& next, std::string name, node_id nodes)
  : next_(next) {
  status_.name = std::move(name);
  status_.nodes.resize(static_cast<size_t>(nodes));
}

node_status* status_board::find(node_id node) {
  auto i = static_cast<size_t>(node);
  return node >= 0 && i < status_.nodes.size() ? &status_.nodes[i] : nullptr;
}

run_status status_board::look() const {
  std::lock_guard lock{mutex_};
  auto result = status_;
  result.phase = ended_ ? "over" : started_ ? "running" : "setting up";
  if (started_) {
    auto until = ended_.value_or(clock::now());
    result.seconds = std::chrono::duration<double>(until - *started_).count();
  }
  int64_t steps = 0;
  auto least = std::numeric_limits<int64_t>::max();
  for (const auto& x : result.nodes) {
    steps += x.step;
    if (!x.finished)
      least = std::min(least, x.step);
  }
  if (result.seconds > 0)
    result.steps_per_second = static_cast<double>(steps) / result.seconds;
  for (size_t i = 0; i < result.nodes.size(); ++i)
    if (!result.nodes[i].finished && result.nodes[i].step == least)
      result.behind.push_back(static_cast<node_id>(i));
  return result;
}

void status_board::on_start() {
  {
    std::lock_guard lock{mutex_};
    started_ = clock::now();
  }
  next_.on_start();
}

void status_board::on_progress(node_id node, int64_t step) {
  {
    std::lock_guard lock{mutex_};
    if (auto x = find(node))
      x->step = std::max(x->step, step);
  }
  next_.on_progress(node, step);
}

void status_board::on_links(const link_report& x) {
  {
    std::lock_guard lock{mutex_};
    status_.links.take(x);
  }
  next_.on_links(x);
}

void status_board::on_finished(node_id node) {
  {
    std::lock_guard lock{mutex_};
    if (auto x = find(node))
      x->finished = true;
  }
  next_.on_finished(node);
}

void status_board::on_row(const metrics_row& row) {
  {
    std::lock_guard lock{mutex_};
    if (auto x = find(row.node)) {
      x->step = std::max(x->step, row.step);
      x->epoch = row.epoch;
      x->train_loss = row.train.loss;
      x->test_accuracy = row.test.accuracy;
      x->bytes_sent = row.bytes_sent;
      x->messages_sent = row.messages_sent;
    }
  }
  next_.on_row(row);
}

void status_board::on_end(const run_end& x) {
  {
    std::lock_guard lock{mutex_};
    ended_ = clock::now();
  }
  next_.on_end(x);
}

} // namespace caps
