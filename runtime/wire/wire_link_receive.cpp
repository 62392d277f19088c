// What comes over a link.

#include "runtime/wire/wire_link.hpp"

#include "messages/error_code.hpp"
#include "models/errors.hpp"
#include "runtime/wire/passed_file.hpp"

#include <boost/asio/post.hpp>

#include <caf/binary_deserializer.hpp>

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace caps {

namespace {

namespace asio = boost::asio;

using descriptor = asio::posix::stream_descriptor;

/// The text of a message without its payloads is no longer than the largest
/// payload and this.
constexpr size_t text_bytes_more = size_t{1} << 20;

/// What a link may read before the others of its thread have a turn.
constexpr size_t turn_bytes = size_t{8} << 20;

/// Between two questions for the time at the other end.
constexpr auto question_interval = std::chrono::seconds{1};

/// Whether a message may hold so many others, each within the next, that no
/// stack is large enough to read it: every one names its type.
bool nests_too_deep(std::string_view text) {
  constexpr int nested_max = 8;
  int count = 0;
  for (std::string_view name : {"@message", "sent_in_view", "traced_message"})
    for (auto i = text.find(name); i != text.npos && count <= nested_max;
         i = text.find(name, i + name.size()))
      ++count;
  return count > nested_max;
}

} // namespace

void wire_link::read_greeting() {
  socket_->async_wait(
    descriptor::wait_read, [self = shared_from_this()](const auto& problem) {
      if (problem)
        return;
      auto memory = receive_file(self->stream_->handle());
      if (!memory) { // it ended before it began
        self->close();
        return;
      }
      try {
        self->reader_
          = std::make_shared<slot_reader>(memory->file, self->limits_.slots);
      } catch (const error& e) {
        self->fail(e.what());
        return;
      }
      self->open();
      self->read();
    });
}

void wire_link::open() {
  read_head();
  if (events_.opened)
    events_.opened();
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
      return fail(
        fmt::format("a payload in slot {}, which there is not", x.slot));
    payloads_.push_back({std::move(storage), x.bytes});
  }
  return true;
}

bool wire_link::take_payloads() {
  if (nests_too_deep({text_.data(), head_.message_bytes}))
    return fail("a message in a message in a message");
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
  auto offset = stream_->local() ? std::optional<int64_t>{0} : clock_.offset();
  if (offset)
    meter_->receive(head_.from, head_.to,
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
