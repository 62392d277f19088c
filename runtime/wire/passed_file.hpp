#pragma once

#include <cstdint>
#include <optional>

namespace caps {

// An open file on its way to another process of this host, over a socket of
// the Unix kind.

/// What came: the caller's to close, and a number that says what it is.
struct passed_file {
  int file = -1;
  uint32_t number = 0;
};

/// Sends an open file, which stays open here; whether it has gone.
bool send_file(int socket, int file, uint32_t number = 0);

/// What has come, if something has.
std::optional<passed_file> receive_file(int socket);

} // namespace caps
