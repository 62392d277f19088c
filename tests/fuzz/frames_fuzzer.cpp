// What another process, or another host, may send over a link, and the letters
// of hosts: any bytes, in pieces of any size.

#include "messages/actors.hpp"
#include "models/errors.hpp"
#include "runtime/wire/letterbox.hpp"
#include "runtime/wire/wire_link.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/messages/support.hpp"

#include <algorithm>
#include <cstring>

#include <sys/eventfd.h>
#include <unistd.h>

namespace {

/// The input, as it comes from the other end; sends go nowhere.
class input_stream final : public caps::byte_stream {
public:
  input_stream(std::string_view input, size_t piece)
    : handle_(::eventfd(1, EFD_NONBLOCK)), input_(input), piece_(piece) {}

  ~input_stream() override { ::close(handle_); }

  input_stream(const input_stream&) = delete;
  input_stream& operator=(const input_stream&) = delete;

  int handle() const noexcept override { return handle_; }

  std::optional<size_t> write(std::span<const iovec> parts) override {
    size_t result = 0;
    for (const auto& x : parts)
      result += x.iov_len;
    return result;
  }

  std::optional<size_t> read(std::span<const iovec> parts) override {
    if (input_.empty())
      return std::nullopt;
    auto count = std::min({parts[0].iov_len, piece_, input_.size()});
    std::memcpy(parts[0].iov_base, input_.data(), count);
    input_.remove_prefix(count);
    return count;
  }

private:
  int handle_;
  std::string_view input_;
  size_t piece_;
};

constexpr size_t payload_bytes = size_t{1} << 16;

void read_frames(std::unique_ptr<input_stream> stream) {
  // Lives until the program ends: its threads are no part of an input.
  static auto& here = *new caps::test::system_fixture;
  caps::payload_bytes_max(payload_bytes);
  boost::asio::io_context io{1};
  bool over = false;
  caps::wire_events events;
  events.arrived = [&](caps::node_id, caps::node_id, const caf::message& x) {
    caps::test::require(!over, "nothing comes after the end");
    caps::test::require(!x.empty(), "a message has a content");
    return std::string{};
  };
  events.broken = [&](const std::string& why) {
    caps::test::require(!over, "a link breaks once");
    caps::test::require(why.find('\n') == why.npos, "why is one line");
  };
  events.closed = [&] { over = true; };
  auto link = std::make_shared<caps::wire_link>(
    io, std::move(stream), here.system,
    caps::wire_limits{payload_bytes, {}, 4 * payload_bytes}, events);
  link->start();
  io.run();
  caps::test::require(over, "a link ends");
  link->stop();
}

void read_letters(std::unique_ptr<input_stream> stream) {
  caps::letterbox box{std::move(stream), payload_bytes};
  try {
    while (auto letter = box.take())
      caps::test::require(letter->is_object(), "a letter is an object");
  } catch (const caps::error&) {
  }
}

} // namespace

void caps::test::fuzz(std::string_view input) {
  auto letters = choose(input, 2) == 1;
  constexpr size_t pieces[] = {1, 3, 20, 4096};
  auto piece = pieces[choose(input, std::size(pieces))];
  auto stream = std::make_unique<input_stream>(input, piece);
  if (letters)
    read_letters(std::move(stream));
  else
    read_frames(std::move(stream));
}
