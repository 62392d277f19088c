#pragma once

#include "runtime/wire/link_place.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
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
    /// The stream to each process, by its number; null for this one, and for
    /// those that are not there.
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

  /// Has nothing to do with a process any more: it is lost, even if it does not
  /// know. Any thread may call.
  void end(size_t process);

  /// From here on `stream` leads to a process, instead of what did before: the
  /// process has come back. Any thread may call once this has started.
  void replace(size_t process, std::unique_ptr<byte_stream> stream);

  /// Takes streams to processes that have come back from a socket over which
  /// another process sends them (`send_file`), with their numbers. Takes over
  /// the socket; called once, after `start`.
  void take_streams_from(int socket);

  /// Whether the other end is there.
  bool is_open(size_t process) const;

  /// Whether it has never been, or not since its link was replaced.
  bool is_awaited(size_t process) const;

  /// Waits until the other end of every link is there, or gone again, at most
  /// for `patience`.
  void wait_until_open(std::chrono::milliseconds patience);

  /// What has passed over all links so far. Any thread may call.
  link_report traffic() const;

private:
  /// How it stands with the link to a process; links are counted, since one
  /// may end when another one has taken its place.
  struct standing {
    enum class phase : uint8_t { none, opening, open, closed };
    phase now = phase::none;
    uint64_t link = 0;
  };

  std::shared_ptr<wire_link> make_link(size_t process,
                                       std::unique_ptr<byte_stream> stream);
  wire_events events_of(size_t process, uint64_t link);
  /// Returns whether the link is still the one to the process.
  bool set(size_t process, const standing& x);
  void wait_for_streams();

  caf::actor_system& system_;
  settings settings_;
  std::map<node_id, caf::actor> receivers_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    keeps_running_{io_.get_executor()};
  std::optional<boost::asio::posix::stream_descriptor> streams_;
  std::vector<std::shared_ptr<link_place>> places_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  /// Under the mutex, by process.
  std::vector<standing> standings_;
  /// Under the mutex.
  std::vector<caf::actor> couriers_;
  /// Links that others took the place of; the io thread's.
  std::vector<std::weak_ptr<wire_link>> former_;
  std::thread thread_;
};

} // namespace caps
