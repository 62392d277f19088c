#include "runtime/wire/wire_link.hpp"

#include "messages/error_code.hpp"
#include "models/errors.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>

#include <caf/binary_deserializer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

namespace asio = boost::asio;

/// The text of a message without its payloads is no longer than the largest
/// payload and this.
constexpr size_t text_bytes_more = size_t{1} << 20;

/// Parts of messages that go with one call.
constexpr size_t parts_max = 64;

/// A byte with an open file.
void send_file(int socket, int file) {
  char sign = 0;
  iovec part{&sign, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof file)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof file);
  std::memcpy(CMSG_DATA(header), &file, sizeof file);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) != 1)
    throw error(fmt::format("cannot send to another process: {}",
                            std::strerror(errno)));
}

/// The file that came with a byte; -1 if none did.
int receive_file(int socket) {
  char sign = 0;
  iovec part{&sign, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  auto header = CMSG_FIRSTHDR(&message);
  if (count != 1 || header == nullptr || header->cmsg_type != SCM_RIGHTS
      || header->cmsg_len != CMSG_LEN(sizeof(int)))
    return -1;
  int result = -1;
  std::memcpy(&result, CMSG_DATA(header), sizeof result);
  return result;
}

} // namespace

template <class Next>
auto wire_link::then(Next next) {
  return [self = shared_from_this(),
          next](const boost::system::error_code& problem, auto...) {
    if (!problem)
      next();
  };
}

wire_link::wire_link(asio::io_context& io, int handle,
                     caf::actor_system& system, const wire_limits& limits,
                     wire_events events)
  : socket_(io, asio::local::stream_protocol{}, handle), handle_(handle),
    system_(system), limits_(limits), events_(std::move(events)),
    writer_(std::make_shared<slot_writer>(limits.slots)) {
}

void wire_link::start() {
  send_file(handle_, writer_->file());
  read_greeting();
}

// -- sending ------------------------------------------------------------------

void wire_link::send(node_id from, node_id to, const caf::message& content) {
  wire_frame frame{system_, to, content, writer_};
  std::lock_guard lock{mutex_};
  if (closed_)
    return;
  if (!queue_.empty())
    make_room(from, to, frame.bytes());
  queued_bytes_ += frame.bytes();
  queue_.push_back({from, to, std::move(frame)});
  if (writing_)
    return; // once the socket takes more
  write();
  if (!queue_.empty() && !closed_) {
    writing_ = true;
    asio::post(socket_.get_executor(),
               [self = shared_from_this()] { self->wait_to_write(); });
  }
}

void wire_link::make_room(node_id from, node_id to, size_t bytes) {
  while (queued_bytes_ + bytes > limits_.waiting_bytes) {
    auto i = std::ranges::find_if(queue_, [&](const waiting_frame& x) {
      return x.from == from && x.to == to && !x.frame.begun();
    });
    if (i == queue_.end())
      return;
    queued_bytes_ -= i->frame.bytes();
    queue_.erase(i);
    std::pair edge{from, to};
    if (std::ranges::find(replaced_, edge) == replaced_.end()) {
      replaced_.push_back(edge);
      events_.replaced(from, to);
    }
  }
}

void wire_link::write() {
  while (!queue_.empty()) {
    parts_.clear();
    for (const auto& x : queue_) {
      if (parts_.size() + 4 > parts_max)
        break;
      x.frame.add_rest(parts_);
    }
    msghdr message{};
    message.msg_iov = parts_.data();
    message.msg_iovlen = std::min(parts_.size(), parts_max);
    auto count = sendmsg(handle_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      // A process that is gone is noticed by its launcher.
      if (errno != EAGAIN && errno != ENOBUFS)
        closed_ = true;
      return;
    }
    auto sent = static_cast<size_t>(count);
    while (sent > 0) {
      auto& first = queue_.front().frame;
      auto part = std::min(sent, first.rest());
      first.advance(part);
      sent -= part;
      if (first.rest() == 0) {
        queued_bytes_ -= first.bytes();
        queue_.pop_front();
      }
    }
  }
}

void wire_link::wait_to_write() {
  socket_.async_wait(socket::wait_write, then([this] {
    std::lock_guard lock{mutex_};
    write();
    writing_ = !queue_.empty() && !closed_;
    if (writing_)
      wait_to_write();
  }));
}

// -- receiving ----------------------------------------------------------------

void wire_link::read_greeting() {
  socket_.async_wait(socket::wait_read, then([this] {
    auto file = receive_file(handle_);
    if (file < 0)
      return; // it ended before it began
    try {
      reader_ = std::make_shared<slot_reader>(file, limits_.slots);
    } catch (const error& e) {
      fail(e.what());
      return;
    }
    read_head();
  }));
}

void wire_link::read_head() {
  asio::async_read(socket_, asio::buffer(&head_, sizeof head_), then([this] {
    if (head_.magic != wire_head::sign || head_.payloads > wire_payloads_max
        || head_.message_bytes > limits_.payload_bytes + text_bytes_more)
      fail("something that is no message");
    else
      read_text();
  }));
}

void wire_link::read_text() {
  text_.resize(head_.message_bytes + head_.payloads * sizeof(wire_entry));
  asio::async_read(socket_, asio::buffer(text_), then([this] {
    payloads_.clear();
    auto next = text_.data() + head_.message_bytes;
    for (uint32_t i = 0; i < head_.payloads; ++i, next += sizeof(wire_entry)) {
      wire_entry x;
      std::memcpy(&x, next, sizeof x);
      if (x.bytes > limits_.payload_bytes) {
        fail(fmt::format("a payload of {} bytes, at most {} are expected",
                         x.bytes, limits_.payload_bytes));
        return;
      }
      std::shared_ptr<const payload_storage> storage;
      if (x.slot != wire_entry::no_slot) {
        storage = reader_->read(x.slot, x.bytes);
        if (storage == nullptr) {
          fail(fmt::format("a payload in slot {}, which there is not", x.slot));
          return;
        }
      }
      payloads_.push_back({std::move(storage), x.bytes});
    }
    read_loose();
  }));
}

void wire_link::read_loose() {
  std::vector<asio::mutable_buffer> targets;
  for (auto& x : payloads_)
    if (x.storage == nullptr) {
      auto storage = std::make_shared<host_storage>(x.bytes);
      targets.emplace_back(storage->data(), x.bytes);
      x.storage = std::move(storage);
    }
  if (targets.empty()) {
    deliver();
    return;
  }
  asio::async_read(socket_, targets, then([this] { deliver(); }));
}

void wire_link::deliver() {
  caf::message content;
  {
    payloads_apart apart{payloads_};
    caf::binary_deserializer source{system_, text_.data(), head_.message_bytes};
    if (auto problem = source(content)) {
      fail("a message that cannot be read: " + describe(system_, problem));
      return;
    }
    if (source.remaining() > 0 || content.empty()) {
      fail("a message that cannot be read: it is another one in part");
      return;
    }
  }
  payloads_.clear();
  events_.arrived(head_.to, std::move(content));
  read_head();
}

void wire_link::fail(const std::string& why) {
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
  }
  socket_.close();
  events_.broken("received " + why);
}

} // namespace caps
