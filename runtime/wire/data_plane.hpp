#pragma once

#include "runtime/wire/wire_link.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace caps {

/// Carries messages between the actors of this process and those of the other
/// processes of its run: a link to each of them, all served by one thread,
/// which never runs a protocol or a net.
class data_plane {
public:
  struct settings {
    /// The stream to each process, by its number; null for this one.
    std::vector<std::unique_ptr<byte_stream>> streams;
    /// What each of these processes may send and gets, by its number.
    std::vector<wire_limits> limits;
    /// Asked by the io thread about every message that a process sends: why it
    /// may not, or nothing if it may.
    std::function<std::string(size_t process, node_id from, node_id to,
                              const caf::message& content)>
      refusal;
    /// Called when another process breaks the rules; by any thread.
    std::function<void(size_t process, const std::string& text)> broken;
    /// Called by the io thread when another process has closed its link; may
    /// be empty.
    std::function<void(size_t process)> closed;
    /// Called, once for each edge, when a receiver does not keep up.
    std::function<void(const std::string& text)> note;
  };

  data_plane(caf::actor_system& system, settings all);

  /// Ends the couriers and the thread; what was not sent is lost.
  ~data_plane();

  data_plane(const data_plane&) = delete;
  data_plane& operator=(const data_plane&) = delete;

  /// Stands for `to` of another process at `from` of this one.
  caf::actor courier_to(node_id from, node_id to, size_t process);

  /// Those that can be sent to here, by their numbers; begins to listen. Called
  /// once.
  void start(std::map<node_id, caf::actor> receivers);

  /// What has passed over all links so far. Any thread may call.
  link_report traffic() const;

private:
  wire_events events_of(size_t process);

  caf::actor_system& system_;
  settings settings_;
  std::map<node_id, caf::actor> receivers_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    keeps_running_{io_.get_executor()};
  std::vector<std::shared_ptr<wire_link>> links_;
  std::vector<caf::actor> couriers_;
  std::thread thread_;
};

} // namespace caps
