#pragma once

#include "runtime/wire/wire_frame.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <caf/actor_system.hpp>

#include <functional>
#include <list>
#include <mutex>
#include <string>

namespace caps {

/// What two processes may expect of each other.
struct wire_limits {
  /// Of the largest payload of the run.
  size_t payload_bytes = 0;
  slot_shape slots;
  /// Of all messages that wait for a process that does not read.
  size_t waiting_bytes = 0;
};

/// Who is told what comes over a link; called by its io thread.
struct wire_events {
  std::function<void(node_id to, caf::message content)> arrived;
  /// The other process sent what it may not send; the link is closed. One line.
  std::function<void(const std::string& why)> broken;
  /// For the first message on each edge that a newer one took the place of;
  /// called by the thread that sends.
  std::function<void(node_id from, node_id to)> replaced;
};

/// The connection of two processes of a host: a socket that both inherited, and
/// slots of shared memory each way. Messages of one thread arrive in order.
class wire_link : public std::enable_shared_from_this<wire_link> {
public:
  /// Takes over `socket`, one end of a pair of stream sockets.
  wire_link(boost::asio::io_context& io, int socket, caf::actor_system& system,
            const wire_limits& limits, wire_events events);

  wire_link(const wire_link&) = delete;
  wire_link& operator=(const wire_link&) = delete;

  /// Shows the other process this one's memory and listens.
  void start();

  /// Sends a message to a node of the other process. Never waits: what the
  /// socket does not take is kept, and where too much is kept, a message
  /// takes the place of an older one of the same edge. Any thread may call.
  void send(node_id from, node_id to, const caf::message& content);

private:
  using socket = boost::asio::local::stream_protocol::socket;

  struct waiting_frame {
    node_id from;
    node_id to;
    wire_frame frame;
  };

  // -- sending; under the mutex -----------------------------------------------

  void make_room(node_id from, node_id to, size_t bytes);
  /// Sends what the socket takes.
  void write();
  void wait_to_write();

  // -- receiving; in the io thread --------------------------------------------

  void read_greeting();
  void read_head();
  void read_text();
  void read_loose();
  void deliver();
  void fail(const std::string& why);
  /// Whether an operation went well; else the other process has ended, which
  /// others notice.
  template <class Next>
  auto then(Next next);

  socket socket_;
  int handle_;
  caf::actor_system& system_;
  wire_limits limits_;
  wire_events events_;
  std::shared_ptr<slot_writer> writer_;
  std::shared_ptr<slot_reader> reader_;

  std::mutex mutex_;
  std::list<waiting_frame> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool closed_ = false;
  std::vector<std::pair<node_id, node_id>> replaced_;
  std::vector<iovec> parts_;

  wire_head head_;
  std::vector<char> text_;
  std::vector<payload_segment> payloads_;
};

} // namespace caps
