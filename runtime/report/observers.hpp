#pragma once

#include "actors/observation/run_observer.hpp"

#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace caps {

/// Passes everything on to several observers in order. Rethrows the first
/// exception once all have been told.
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
    each([&](run_observer& x) { x.on_start(); });
  }

  void on_resumed() override {
    each([](run_observer& x) { x.on_resumed(); });
  }

  void on_progress(node_id node, int64_t step) override {
    each([&](run_observer& x) { x.on_progress(node, step); });
  }

  void on_row(const metrics_row& row) override {
    each([&](run_observer& x) { x.on_row(row); });
  }

  void on_edge(const edge_row& row) override {
    each([&](run_observer& x) { x.on_edge(row); });
  }

  void on_round(const round_row& row) override {
    each([&](run_observer& x) { x.on_round(row); });
  }

  void on_view(const view_row& row) override {
    each([&](run_observer& x) { x.on_view(row); });
  }

  void on_links(const link_report& x) override {
    each([&](run_observer& y) { y.on_links(x); });
  }

  void on_event(const node_event& event) override {
    each([&](run_observer& x) { x.on_event(event); });
  }

  void on_lost(const node_event& x) override {
    each([&](run_observer& y) { y.on_lost(x); });
  }

  void on_failed(const node_event& x) override {
    each([&](run_observer& y) { y.on_failed(x); });
  }

  void on_metrics(const node_metrics& x) override {
    each([&](run_observer& y) { y.on_metrics(x); });
  }

  void on_snapshot(const node_snapshot& snapshot) override {
    each([&](run_observer& x) { x.on_snapshot(snapshot); });
  }

  void on_end(const run_end& end) override {
    each([&](run_observer& x) { x.on_end(end); });
  }

private:
  /// One that fails keeps nothing from the others.
  template <class F>
  void each(F f) {
    std::exception_ptr failure;
    for (auto& x : all_) {
      try {
        f(*x);
      } catch (...) {
        if (!failure)
          failure = std::current_exception();
      }
    }
    if (failure)
      std::rethrow_exception(failure);
  }

  std::vector<std::unique_ptr<run_observer>> all_;
};

} // namespace caps
