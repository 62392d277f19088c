#pragma once

#include "models/errors.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace caps {

/// A place in a network: "10.0.0.1:7470", "[fd00::1]:7470", "head.lab:7470".
struct endpoint {
  std::string host;
  uint16_t port = 0;

  std::string text() const;
};

/// Throws `input_error`, which begins with `what`, for text that names none.
/// Without a port it has `port`, if that is not 0.
endpoint endpoint_from(const std::string& text, const std::string& what,
                       uint16_t port = 0);

/// A socket that listens there, at a free port for port 0. Does not block; the
/// caller closes it. Throws `error`.
int listen_at(const endpoint& where);

/// What the system calls this host; empty if it does not say.
std::string name_of_this_host();

/// The name of a host with its domain, if it has one that is known; else the
/// name.
std::string full_name_of(const std::string& host);

/// The port that a socket listens at.
uint16_t port_of(int socket);

/// The address that a socket is connected to, without its port.
std::string peer_address(int socket);

/// Nobody is there, or nobody who wants company at the moment: another try
/// later may succeed.
class not_now : public error {
public:
  using error::error;
};

/// A connection to there. Does not block; the caller closes it. Throws `error`;
/// `not_now` if there is the host, but nobody listens.
int connect_to(const endpoint& where,
               std::chrono::steady_clock::time_point deadline);

/// Waits until a socket can be read from or written to; returns whether it can.
bool wait_at(int socket, bool to_write,
             std::chrono::steady_clock::time_point deadline);

/// Settings of connections between hosts: small messages go at once, and who
/// is gone without a word is noticed in the end.
void set_up_connection(int socket);

} // namespace caps
