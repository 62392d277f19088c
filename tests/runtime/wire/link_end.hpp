#pragma once

#include "runtime/wire/wire_link.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace caps::test {

/// One end of a link, with a thread of its own, and what has come there.
class link_end {
public:
  link_end(caf::actor_system& system, std::unique_ptr<byte_stream> stream,
           const wire_limits& limits, bool reads = true)
    : link_(std::make_shared<wire_link>(io_, std::move(stream), system, limits,
                                        events())) {
    link_->start();
    if (reads)
      thread_ = std::thread{[this] { io_.run(); }};
  }

  ~link_end() {
    io_.stop();
    if (thread_.joinable())
      thread_.join();
    link_->stop();
  }

  link_end(const link_end&) = delete;
  link_end& operator=(const link_end&) = delete;

  void send(const caf::message& x, node_id from = 0, node_id to = 1) {
    link_->send(from, to, x);
  }

  /// What has passed over the link.
  link_report traffic() const {
    link_report result;
    link_->add_to(result);
    return result;
  }

  /// Waits for what has come, and for nothing longer than `time`.
  bool wait(const std::function<bool()>& done,
            std::chrono::milliseconds time
            = std::chrono::seconds{10}) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, time, done);
  }

  std::vector<caf::message> arrived;
  std::string broken;
  bool closed = false;
  std::vector<std::pair<node_id, node_id>> replaced;

  /// Lets go of what has come.
  void drop() {
    std::lock_guard lock{mutex_};
    arrived.clear();
  }

private:
  wire_events events() {
    auto set = [this](auto change) {
      std::lock_guard lock{mutex_};
      change();
      changed_.notify_all();
    };
    return {[=, this](node_id, node_id, caf::message x) {
              set([&] { arrived.push_back(std::move(x)); });
              return std::string{};
            },
            [=, this](const std::string& x) { set([&] { broken = x; }); },
            [=, this] { set([&] { closed = true; }); },
            [=, this](node_id from, node_id to) {
              set([&] { replaced.emplace_back(from, to); });
            }};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    work_{io_.get_executor()};
  std::shared_ptr<wire_link> link_;
  std::thread thread_;
};

} // namespace caps::test
