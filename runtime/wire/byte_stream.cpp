#include "runtime/wire/byte_stream.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

/// What a call takes of a message's parts.
constexpr size_t parts_of_a_call = 64;

msghdr header_of(std::span<const iovec> parts) {
  msghdr result{};
  result.msg_iov = const_cast<iovec*>(parts.data());
  result.msg_iovlen = std::min(parts.size(), parts_of_a_call);
  return result;
}

/// Of a call that failed.
std::optional<size_t> nothing_now() {
  if (errno == EAGAIN || errno == ENOBUFS)
    return 0;
  return std::nullopt;
}

} // namespace

plain_stream::~plain_stream() {
  ::close(socket_);
}

std::optional<size_t> plain_stream::write(std::span<const iovec> parts) {
  auto message = header_of(parts);
  for (;;) {
    auto count = ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0)
      return static_cast<size_t>(count);
    if (errno != EINTR)
      return nothing_now();
  }
}

std::optional<size_t> plain_stream::read(std::span<const iovec> parts) {
  auto message = header_of(parts);
  for (;;) {
    auto count = ::recvmsg(socket_, &message, MSG_DONTWAIT);
    if (count > 0)
      return static_cast<size_t>(count);
    if (count == 0)
      return std::nullopt;
    if (errno != EINTR)
      return nothing_now();
  }
}

} // namespace caps
