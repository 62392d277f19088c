#include "runtime/wire/wire_link.hpp"

#include "runtime/wire/passed_file.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace caps {

namespace {

namespace asio = boost::asio;

using descriptor = asio::posix::stream_descriptor;

/// Parts of messages that go with one call.
constexpr size_t parts_max = 64;

/// Payloads that have been received and that somebody holds, of an edge; so
/// many pieces of memory are kept for more.
constexpr size_t spare_payloads = 8;

/// Segments that had to be sent again, if this is a connection that counts
/// them.
uint64_t retransmissions_of(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0
           ? info.tcpi_total_retrans
           : 0;
}

} // namespace

wire_link::wire_link(asio::io_context& io, std::unique_ptr<byte_stream> stream,
                     caf::actor_system& system, const wire_limits& limits,
                     wire_events events, std::shared_ptr<link_meter> meter)
  : socket_(std::in_place, io, stream->handle()), stream_(std::move(stream)),
    system_(system), limits_(limits), events_(std::move(events)),
    pool_(std::make_shared<receive_pool>(limits.payload_bytes, spare_payloads)),
    meter_(std::move(meter)) {
  if (limits.slots.count > 0)
    writer_ = std::make_shared<slot_writer>(limits.slots);
}

wire_link::~wire_link() {
  stop();
}

void wire_link::stop() {
  std::lock_guard lock{mutex_};
  closed_ = true;
  next_question_.reset();
  if (socket_) {
    socket_->release(); // the stream closes it
    socket_.reset();
  }
}

void wire_link::start() {
  if (writer_ == nullptr) {
    asio::post(socket_->get_executor(), [self = shared_from_this()] {
      self->open();
      if (!self->stream_->local())
        self->ask_for_time();
      self->read();
    });
    return;
  }
  // The other one may have ended before it began.
  send_file(stream_->handle(), writer_->file()) ? read_greeting() : close();
}

void wire_link::end() {
  std::lock_guard lock{mutex_};
  closed_ = true;
  // Whoever reads hears of it, and lets go of this.
  if (socket_)
    ::shutdown(stream_->handle(), SHUT_RDWR);
}

// -- sending ------------------------------------------------------------------

void wire_link::send(node_id from, node_id to, const caf::message& content) {
  wire_frame frame{system_, from, to, content, writer_};
  std::unique_lock lock{mutex_};
  if (closed_)
    return;
  if (!queue_.empty() && !make_room(from, to, frame.bytes())) {
    closed_ = true;
    lock.unlock();
    events_.broken(fmt::format("does not keep up: {} bytes wait for it",
                               queued_bytes_));
    return;
  }
  push(from, to, std::move(frame));
}

void wire_link::send_probe(const wire_probe& x, int64_t now) {
  std::lock_guard lock{mutex_};
  if (!closed_ && queued_bytes_ < limits_.waiting_bytes)
    push(no_node, no_node, wire_frame{x, now});
}

void wire_link::push(node_id from, node_id to, wire_frame frame) {
  meter_->take(from, to, frame.all_bytes());
  queued_bytes_ += frame.bytes();
  queue_.push_back({from, to, std::move(frame)});
  if (writing_)
    return; // once the stream takes more
  write();
  if (has_more()) {
    writing_ = true;
    asio::post(socket_->get_executor(),
               [self = shared_from_this()] { self->wait_to_write(); });
  }
}

bool wire_link::make_room(node_id from, node_id to, size_t bytes) {
  while (queued_bytes_ + bytes > limits_.waiting_bytes) {
    if (to < no_node)
      return false;
    auto i = std::ranges::find_if(queue_, [&](const waiting_frame& x) {
      return x.from == from && x.to == to && !x.frame.begun();
    });
    if (i == queue_.end())
      return true;
    queued_bytes_ -= i->frame.bytes();
    meter_->replace(from, to, i->frame.all_bytes());
    queue_.erase(i);
    std::pair edge{from, to};
    if (std::ranges::find(replaced_, edge) == replaced_.end()) {
      replaced_.push_back(edge);
      events_.replaced(from, to);
    }
  }
  return true;
}

bool wire_link::has_more() const {
  return !closed_ && (!queue_.empty() || stream_->unsent());
}

void wire_link::write() {
  while (has_more()) {
    parts_.clear();
    for (const auto& x : queue_) {
      if (parts_.size() + 4 > parts_max)
        break;
      x.frame.add_rest(parts_);
    }
    auto sent = stream_->write(parts_);
    if (!sent)
      closed_ = true; // whoever reads tells of it
    if (!sent || *sent == 0)
      return;
    while (*sent > 0) {
      auto& first = queue_.front();
      auto part = std::min(*sent, first.frame.rest());
      first.frame.advance(part);
      *sent -= part;
      if (first.frame.rest() == 0) {
        queued_bytes_ -= first.frame.bytes();
        meter_->send(first.from, first.to);
        queue_.pop_front();
      }
    }
  }
}

void wire_link::wait_to_write() {
  socket_->async_wait(descriptor::wait_write,
                     [self = shared_from_this()](const auto& problem) {
    if (problem)
      return;
    std::lock_guard lock{self->mutex_};
    self->write();
    self->writing_ = self->has_more();
    if (self->writing_)
      self->wait_to_write();
  });
}

void wire_link::add_to(link_report& result) {
  auto before = result.sent.size();
  meter_->add_to(result);
  std::lock_guard lock{mutex_};
  auto again = closed_ ? 0 : retransmissions_of(stream_->handle());
  for (auto i = before; i < result.sent.size(); ++i)
    result.sent[i].retransmissions = again;
}

} // namespace caps
