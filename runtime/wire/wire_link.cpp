#include "runtime/wire/wire_link.hpp"

#include "messages/error_code.hpp"
#include "models/errors.hpp"
#include "runtime/wire/passed_file.hpp"

#include <boost/asio/post.hpp>

#include <caf/binary_deserializer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

namespace asio = boost::asio;

using descriptor = asio::posix::stream_descriptor;

/// The text of a message without its payloads is no longer than the largest
/// payload and this.
constexpr size_t text_bytes_more = size_t{1} << 20;

/// Parts of messages that go with one call.
constexpr size_t parts_max = 64;

/// What a link may read before the others of its thread have a turn.
constexpr size_t turn_bytes = size_t{8} << 20;

/// Payloads that have been received and that somebody holds, of an edge; so
/// many pieces of memory are kept for more.
constexpr size_t spare_payloads = 8;

/// Between two questions for the time at the other end.
constexpr auto question_interval = std::chrono::seconds{1};

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
                     wire_events events)
  : socket_(std::in_place, io, stream->handle()), stream_(std::move(stream)),
    system_(system), limits_(limits), events_(std::move(events)),
    pool_(std::make_shared<receive_pool>(limits.payload_bytes,
                                         spare_payloads)) {
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
    read_head();
    asio::post(socket_->get_executor(), [self = shared_from_this()] {
      if (!self->stream_->local())
        self->ask_for_time();
      self->read();
    });
    return;
  }
  // The other one may have ended before it began.
  send_file(stream_->handle(), writer_->file()) ? read_greeting() : close();
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
  meter_.take(from, to, frame.all_bytes());
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
    meter_.replace(from, to, i->frame.all_bytes());
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
        meter_.send(first.from, first.to);
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

// -- receiving ----------------------------------------------------------------

void wire_link::read_greeting() {
  socket_->async_wait(descriptor::wait_read,
                     [self = shared_from_this()](const auto& problem) {
    if (problem)
      return;
    auto file = receive_file(self->stream_->handle());
    if (file < 0) { // it ended before it began
      self->close();
      return;
    }
    try {
      self->reader_
        = std::make_shared<slot_reader>(file, self->limits_.slots);
    } catch (const error& e) {
      self->fail(e.what());
      return;
    }
    self->read_head();
    self->read();
  });
}

void wire_link::want(void* data, size_t bytes, step next) {
  wanted_.assign(1, {data, bytes});
  wanted_from_ = 0;
  next_ = next;
}

void wire_link::wait_to_read() {
  socket_->async_wait(descriptor::wait_read,
                     [self = shared_from_this()](const auto& problem) {
    if (!problem)
      self->read();
  });
}

void wire_link::read() {
  size_t turn = 0;
  for (;;) {
    while (wanted_from_ < wanted_.size()) {
      auto& part = wanted_[wanted_from_];
      if (part.iov_len == 0) {
        ++wanted_from_;
        continue;
      }
      if (turn >= turn_bytes) {
        asio::post(socket_->get_executor(),
                   [self = shared_from_this()] { self->read(); });
        return;
      }
      auto count = stream_->read(std::span{wanted_}.subspan(wanted_from_));
      if (!count) {
        close();
        return;
      }
      if (*count == 0) {
        wait_to_read();
        return;
      }
      turn += *count;
      for (auto rest = *count; rest > 0;) {
        auto& x = wanted_[wanted_from_];
        auto taken = std::min(rest, x.iov_len);
        x.iov_base = static_cast<char*>(x.iov_base) + taken;
        x.iov_len -= taken;
        rest -= taken;
        if (x.iov_len == 0)
          ++wanted_from_;
      }
    }
    if (!(this->*next_)())
      return;
  }
}

bool wire_link::read_head() {
  want(&head_, sizeof head_, &wire_link::take_head);
  return true;
}

bool wire_link::take_head() {
  if (head_.magic == wire_probe::sign && head_.payloads == 0
      && head_.message_bytes == 0) {
    want(&probe_, sizeof probe_, &wire_link::take_probe);
    return true;
  }
  if (head_.magic != wire_head::sign || head_.payloads > wire_payloads_max
      || head_.message_bytes > limits_.payload_bytes + text_bytes_more)
    return fail("something that is no message");
  text_.resize(head_.message_bytes + head_.payloads * sizeof(wire_entry));
  want(text_.data(), text_.size(), &wire_link::take_text);
  return true;
}

bool wire_link::take_text() {
  payloads_.clear();
  wanted_.clear();
  wanted_from_ = 0;
  next_ = &wire_link::take_payloads;
  auto next = text_.data() + head_.message_bytes;
  for (uint32_t i = 0; i < head_.payloads; ++i, next += sizeof(wire_entry)) {
    wire_entry x;
    std::memcpy(&x, next, sizeof x);
    if (x.bytes > limits_.payload_bytes)
      return fail(fmt::format("a payload of {} bytes, at most {} are expected",
                              x.bytes, limits_.payload_bytes));
    if (x.slot == wire_entry::no_slot) {
      auto place = pool_->take(x.bytes);
      wanted_.push_back({place.data, x.bytes});
      payloads_.push_back({std::move(place.storage), x.bytes});
      continue;
    }
    auto storage
      = reader_ == nullptr ? nullptr : reader_->read(x.slot, x.bytes);
    if (storage == nullptr)
      return fail(fmt::format("a payload in slot {}, which there is not",
                              x.slot));
    payloads_.push_back({std::move(storage), x.bytes});
  }
  return true;
}

bool wire_link::take_payloads() {
  caf::message content;
  {
    payloads_apart apart{payloads_};
    caf::binary_deserializer source{system_, text_.data(), head_.message_bytes};
    if (auto problem = source(content))
      return fail("a message that cannot be read: "
                  + describe(system_, problem));
    if (source.remaining() > 0 || content.empty())
      return fail("a message that cannot be read: it is another one in part");
  }
  payloads_.clear();
  note_arrival();
  auto problem = events_.arrived(head_.from, head_.to, std::move(content));
  return problem.empty() ? read_head() : fail(problem);
}

void wire_link::note_arrival() {
  auto offset
    = stream_->local() ? std::optional<int64_t>{0} : clock_.offset();
  if (offset)
    meter_.receive(head_.from, head_.to,
                   wire_time() + *offset - head_.sent_at);
}

bool wire_link::take_probe() {
  if (probe_.asked_at == 0)
    send_probe({head_.sent_at}, wire_time());
  else if (probe_.asked_at == asked_at_)
    clock_.take(asked_at_, head_.sent_at, wire_time());
  return read_head();
}

void wire_link::ask_for_time() {
  {
    std::lock_guard lock{mutex_};
    if (closed_)
      return;
  }
  asked_at_ = wire_time();
  send_probe({}, asked_at_);
  next_question_.emplace(socket_->get_executor(), question_interval);
  next_question_->async_wait([self = shared_from_this()](const auto& problem) {
    if (!problem)
      self->ask_for_time();
  });
}

void wire_link::add_to(link_report& result) {
  auto before = result.sent.size();
  meter_.add_to(result);
  std::lock_guard lock{mutex_};
  auto again = closed_ ? 0 : retransmissions_of(stream_->handle());
  for (auto i = before; i < result.sent.size(); ++i)
    result.sent[i].retransmissions = again;
}

bool wire_link::fail(const std::string& why) {
  events_.broken("received " + why);
  close();
  return false;
}

void wire_link::close() {
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
  }
  ::shutdown(stream_->handle(), SHUT_RDWR);
  payloads_.clear();
  if (next_question_)
    next_question_->cancel();
  if (events_.closed)
    events_.closed();
}

} // namespace caps
