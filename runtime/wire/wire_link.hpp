#pragma once

#include "runtime/wire/byte_stream.hpp"
#include "runtime/wire/link_clock.hpp"
#include "runtime/wire/link_meter.hpp"
#include "runtime/wire/receive_pool.hpp"
#include "runtime/wire/wire_frame.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <caf/actor_system.hpp>

#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>

namespace caps {

/// What two processes may expect of each other.
struct wire_limits {
  /// Of the largest payload of the run.
  size_t payload_bytes = 0;
  /// None between hosts.
  slot_shape slots;
  /// Of all messages that wait for a process that does not read.
  size_t waiting_bytes = 0;
};

/// Who is told what comes over a link; called by its io thread.
struct wire_events {
  /// A message has come. What it may not be is said in one line, and ends the
  /// link.
  std::function<std::string(node_id from, node_id to, caf::message content)>
    arrived;
  /// The other process sent what it may not send; the link is closed. One line.
  std::function<void(const std::string& why)> broken;
  /// The other process has closed the link; may be empty.
  std::function<void()> closed;
  /// For the first message on each edge that a newer one took the place of;
  /// called by the thread that sends.
  std::function<void(node_id from, node_id to)> replaced;
  /// Both ends are there; may be empty.
  std::function<void()> opened{};
};

/// The connection of two processes: a stream, and between processes of one host
/// slots of shared memory each way. Messages of one thread arrive in order.
///
/// Nodes have numbers from 0; what else can be sent to has numbers below
/// `no_node`.
class wire_link : public std::enable_shared_from_this<wire_link> {
public:
  wire_link(boost::asio::io_context& io, std::unique_ptr<byte_stream> stream,
            caf::actor_system& system, const wire_limits& limits,
            wire_events events,
            std::shared_ptr<link_meter> meter = std::make_shared<link_meter>());
  ~wire_link();

  wire_link(const wire_link&) = delete;
  wire_link& operator=(const wire_link&) = delete;

  /// Shows the other process this one's memory and listens.
  void start();

  /// Sends a message to a node of the other process. Never waits: what the
  /// stream does not take is kept. Where too much is kept, a message between
  /// nodes takes the place of an older one of the same edge; of others, which
  /// all count, too many end the link. Any thread may call.
  void send(node_id from, node_id to, const caf::message& content);

  /// Adds what has passed so far. Any thread may call.
  void add_to(link_report& result);

  /// Ends the link as if the other process had closed it. Any thread may call.
  void end();

  /// Sends and listens no more. For when the io thread has ended: links may
  /// outlive it.
  void stop();

private:
  struct waiting_frame {
    node_id from;
    node_id to;
    wire_frame frame;
  };

  // -- sending; under the mutex -----------------------------------------------

  void send_probe(const wire_probe& x, int64_t now);
  void push(node_id from, node_id to, wire_frame frame);
  bool make_room(node_id from, node_id to, size_t bytes);
  /// Whether something waits until the stream takes more.
  bool has_more() const;
  /// Sends what the stream takes.
  void write();
  void wait_to_write();

  // -- receiving; in the io thread --------------------------------------------

  /// What is read next: where it goes, and what becomes of it. Each step but
  /// the last one of a message says what comes after it; false if there is
  /// nothing more to read.
  using step = bool (wire_link::*)();

  void want(void* data, size_t bytes, step next);
  void read_greeting();
  void open();
  void read();
  void wait_to_read();
  bool read_head();
  bool take_head();
  bool take_text();
  bool take_payloads();
  bool take_probe();
  bool fail(const std::string& why);
  void close();

  /// Asks for the time at the other end, now and then.
  void ask_for_time();
  void note_arrival();

  std::optional<boost::asio::posix::stream_descriptor> socket_;
  std::optional<boost::asio::steady_timer> next_question_;
  std::unique_ptr<byte_stream> stream_;
  caf::actor_system& system_;
  wire_limits limits_;
  wire_events events_;
  std::shared_ptr<slot_writer> writer_;
  std::shared_ptr<slot_reader> reader_;
  std::shared_ptr<receive_pool> pool_;

  std::mutex mutex_;
  std::list<waiting_frame> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool closed_ = false;
  std::vector<std::pair<node_id, node_id>> replaced_;
  std::vector<iovec> parts_;
  std::shared_ptr<link_meter> meter_;

  std::vector<iovec> wanted_;
  size_t wanted_from_ = 0;
  step next_ = nullptr;
  wire_head head_;
  wire_probe probe_;
  link_clock clock_;
  int64_t asked_at_ = 0;
  std::vector<char> text_;
  std::vector<payload_segment> payloads_;
};

} // namespace caps
