#pragma once

#include "actors/observation/run_observer.hpp"
#include "runtime/run/wait_notice.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>

namespace caps {

/// Passes everything on to another observer, one call at a time, and lets a
/// driver wait for the end.
class end_watch final : public run_observer {
public:
  /// `notice`, if there is one, learns of all that comes of the run.
  explicit end_watch(run_observer& next, wait_notice* notice = nullptr)
    : next_(next), notice_(notice) {}

  void on_start() override {
    pass([&] {
      started_ = true;
      next_.on_start();
    });
  }

  void on_progress(node_id node, int64_t step) override {
    pass([&] {
      if (notice_ != nullptr)
        notice_->hear(node, step, wait_notice::clock::now());
      next_.on_progress(node, step);
    });
  }

  void on_finished(node_id node) override {
    pass([&] {
      if (notice_ != nullptr)
        notice_->finish(node, wait_notice::clock::now());
      next_.on_finished(node);
    });
  }

  void on_row(const metrics_row& x) override {
    pass([&] {
      if (notice_ != nullptr)
        notice_->hear(wait_notice::clock::now());
      next_.on_row(x);
    });
  }

  void on_edge(const edge_row& x) override {
    pass([&] { next_.on_edge(x); });
  }

  void on_round(const round_row& x) override {
    pass([&] { next_.on_round(x); });
  }

  void on_view(const view_row& x) override {
    pass([&] { next_.on_view(x); });
  }

  void on_links(const link_report& x) override {
    pass([&] { next_.on_links(x); });
  }

  void on_event(const node_event& x) override {
    pass([&] { next_.on_event(x); });
  }

  void on_lost(const node_event& x) override {
    pass([&] { next_.on_lost(x); });
  }

  void on_failed(const node_event& x) override {
    pass([&] { next_.on_failed(x); });
  }

  void on_metrics(const node_metrics& x) override {
    pass([&] { next_.on_metrics(x); });
  }

  void on_snapshot(const node_snapshot& x) override {
    pass([&] { next_.on_snapshot(x); });
  }

  void on_end(const run_end& x) override {
    {
      std::lock_guard lock{mutex_};
      if (end_)
        return;
      end_ = x;
      if (!failure_.empty() && x.code == exit_code::success)
        end_ = {exit_code::failure, failure_};
      try {
        next_.on_end(*end_);
      } catch (const std::exception& e) {
        if (end_->code == exit_code::success)
          end_ = {exit_code::failure, e.what()};
      }
    }
    ended_.notify_all();
  }

  /// The end, if it has come.
  std::optional<run_end> end() {
    std::lock_guard lock{mutex_};
    return end_;
  }

  /// Waits for the end, at most for `timeout`.
  std::optional<run_end> wait_for(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    ended_.wait_for(lock, timeout, [this] { return end_.has_value(); });
    return end_;
  }

  /// Whether the nodes have been started.
  bool started() {
    std::lock_guard lock{mutex_};
    return started_;
  }

  /// Tells the user whom the run waits for, if nothing was heard of it for
  /// long.
  void tell_whom_it_waits_for() {
    std::lock_guard lock{mutex_};
    if (auto text = notice_->take(wait_notice::clock::now()))
      std::fputs(fmt::format("note: {}\n", *text).c_str(), stderr);
  }

private:
  /// A result that cannot be written (a full disk) must not stop the training
  /// that others may still keep; the user hears of the first one at once, and
  /// it becomes the error of the run.
  template <class F>
  void pass(F f) {
    std::lock_guard lock{mutex_};
    try {
      f();
    } catch (const std::exception& e) {
      if (!failure_.empty())
        return;
      failure_ = e.what();
      std::fputs(fmt::format("error: {}; the run goes on\n", failure_).c_str(),
                 stderr);
    }
  }

  run_observer& next_;
  wait_notice* notice_;
  bool started_ = false;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<run_end> end_;
  /// The first thing that went wrong in an observer.
  std::string failure_;
};

} // namespace caps
