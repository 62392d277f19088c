#include "runtime/wire/internet.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

using clock = std::chrono::steady_clock;

constexpr int backlog = 128;

struct free_addresses {
  void operator()(addrinfo* x) const noexcept { freeaddrinfo(x); }
};

using addresses = std::unique_ptr<addrinfo, free_addresses>;

addresses resolve(const endpoint& where, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* result = nullptr;
  auto code = getaddrinfo(where.host.empty() ? nullptr : where.host.c_str(),
                          std::to_string(where.port).c_str(), &hints, &result);
  if (code != 0)
    throw error(fmt::format("{}: there is no such host ({})", where.text(),
                            gai_strerror(code)));
  return addresses{result};
}

/// Closes a socket unless it is let go.
class socket_guard {
public:
  explicit socket_guard(int socket) noexcept : socket_(socket) {}
  ~socket_guard() {
    if (socket_ >= 0)
      ::close(socket_);
  }
  socket_guard(const socket_guard&) = delete;
  socket_guard& operator=(const socket_guard&) = delete;

  int release() noexcept { return std::exchange(socket_, -1); }

private:
  int socket_;
};

int socket_for(const addrinfo& x) {
  return ::socket(x.ai_family,
                  x.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, x.ai_protocol);
}

/// Whether the connection that was begun stands; else errno says why.
bool connected(int socket, const addrinfo& to, clock::time_point deadline) {
  if (::connect(socket, to.ai_addr, to.ai_addrlen) == 0)
    return true;
  if (errno != EINPROGRESS)
    return false;
  if (!wait_at(socket, true, deadline)) {
    errno = ETIMEDOUT;
    return false;
  }
  int problem = 0;
  socklen_t size = sizeof problem;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &problem, &size);
  errno = problem;
  return problem == 0;
}

std::string text_of(const sockaddr_storage& x) {
  char text[INET6_ADDRSTRLEN] = "";
  if (x.ss_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(x).sin_addr, text,
              sizeof text);
  else
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(x).sin6_addr,
              text, sizeof text);
  return text;
}

} // namespace

std::string endpoint::text() const {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port)
                                     : fmt::format("[{}]:{}", host, port);
}

endpoint endpoint_from(const std::string& text, const std::string& what,
                       uint16_t port) {
  endpoint result;
  auto fail = [&] {
    throw input_error(fmt::format("{}: '{}': expected HOST:PORT, such as "
                                  "10.0.0.1:7470 or [fd00::1]:7470",
                                  what, text));
  };
  std::string rest;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == text.npos)
      fail();
    result.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    auto colon = text.find(':');
    result.host = text.substr(0, colon);
    rest = colon == text.npos ? "" : text.substr(colon);
  }
  if (rest.empty()) {
    result.port = port;
    if (port == 0)
      fail();
  } else {
    auto end = rest.data() + rest.size();
    auto [last, problem]
      = std::from_chars(rest.data() + 1, end, result.port);
    if (rest.front() != ':' || last != end || problem != std::errc{})
      fail();
  }
  if (result.host.empty())
    fail();
  return result;
}

int listen_at(const endpoint& where) {
  auto found = resolve(where, AI_PASSIVE);
  int problem = 0;
  for (auto x = found.get(); x != nullptr; x = x->ai_next) {
    auto handle = socket_for(*x);
    socket_guard guard{handle};
    int yes = 1;
    if (handle >= 0) {
      setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      if (::bind(handle, x->ai_addr, x->ai_addrlen) == 0
          && ::listen(handle, backlog) == 0)
        return guard.release();
    }
    problem = errno;
  }
  throw error(fmt::format("cannot listen at {}: {}", where.text(),
                          std::strerror(problem)));
}

std::string name_of_this_host() {
  std::array<char, 256> result{};
  return ::gethostname(result.data(), result.size() - 1) == 0 ? result.data()
                                                              : "";
}

std::string full_name_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
    return host;
  addresses all{found};
  return found->ai_canonname != nullptr ? found->ai_canonname : host;
}

uint16_t port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET
                 ? reinterpret_cast<sockaddr_in&>(address).sin_port
                 : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

std::string peer_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return "a host that is gone";
  return text_of(address);
}

int connect_to(const endpoint& where, clock::time_point deadline) {
  auto found = resolve(where, 0);
  int problem = 0;
  for (auto x = found.get(); x != nullptr; x = x->ai_next) {
    auto handle = socket_for(*x);
    socket_guard guard{handle};
    if (handle >= 0 && connected(handle, *x, deadline)) {
      set_up_connection(handle);
      return guard.release();
    }
    problem = errno;
  }
  auto text = fmt::format("cannot connect to {}: {}", where.text(),
                          std::strerror(problem));
  if (problem == ECONNREFUSED)
    throw not_now(text);
  throw error(text);
}

bool wait_at(int socket, bool to_write, clock::time_point deadline) {
  for (;;) {
    auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline
                                                             - clock::now());
    pollfd x{socket, static_cast<short>(to_write ? POLLOUT : POLLIN), 0};
    auto count = ::poll(&x, 1,
                        static_cast<int>(std::clamp<int64_t>(
                          rest.count(), 0, 3'600'000)));
    if (count > 0)
      return true;
    if (count == 0 || errno != EINTR)
      return false;
  }
}

void set_up_connection(int socket) {
  int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
}

} // namespace caps
