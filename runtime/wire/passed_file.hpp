#pragma once

namespace caps {

// An open file on its way to another process of this host, over a socket of
// the Unix kind.

/// Sends a byte with an open file, which stays open here; whether it has gone.
bool send_file(int socket, int file);

/// The file that came with a byte, the caller's to close; -1 if none did.
int receive_file(int socket);

} // namespace caps
