#pragma once

#include "actors/run_observer.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace caps {

/// Passes everything on to several observers in order.
class observers final : public run_observer {
public:
  /// Adds an observer and returns it.
  template <class Observer, class... Args>
  Observer& add(Args&&... args) {
    auto x = std::make_unique<Observer>(std::forward<Args>(args)...);
    auto& result = *x;
    all_.push_back(std::move(x));
    return result;
  }

  void on_start() override {
    for (auto& x : all_)
      x->on_start();
  }

  void on_progress(node_id node, int64_t step) override {
    for (auto& x : all_)
      x->on_progress(node, step);
  }

  void on_row(const metrics_row& row) override {
    for (auto& x : all_)
      x->on_row(row);
  }

  void on_edge(const edge_row& row) override {
    for (auto& x : all_)
      x->on_edge(row);
  }

  void on_round(const round_row& row) override {
    for (auto& x : all_)
      x->on_round(row);
  }

  void on_event(const node_event& event) override {
    for (auto& x : all_)
      x->on_event(event);
  }

  void on_metrics(const node_metrics& x) override {
    for (auto& y : all_)
      y->on_metrics(x);
  }

  void on_snapshot(const node_snapshot& snapshot) override {
    for (auto& x : all_)
      x->on_snapshot(snapshot);
  }

  void on_end(const run_end& end) override {
    for (auto& x : all_)
      x->on_end(end);
  }

private:
  std::vector<std::unique_ptr<run_observer>> all_;
};

} // namespace caps
