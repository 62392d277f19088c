#pragma once

#include "runtime/identity/openssl.hpp"
#include "runtime/wire/byte_stream.hpp"

#include <mutex>
#include <vector>

namespace caps {

/// A connection with TLS between two hosts, after its handshake. Bytes are
/// enciphered from where they lie, as many as go with one call of the system,
/// and deciphered to where they go.
class tls_stream final : public byte_stream {
public:
  /// Takes over `socket`, which does not block.
  tls_stream(int socket, openssl_ptr<SSL> connection);
  ~tls_stream() override;

  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;

  int handle() const noexcept override { return socket_; }

  bool unsent() const noexcept override { return sent_ < sending_.size(); }
  std::optional<size_t> write(std::span<const iovec> parts) override;
  std::optional<size_t> read(std::span<const iovec> parts) override;

private:
  enum class outcome { done, blocked, gone };

  bool encipher(const char* data, size_t bytes);
  outcome decipher(char* data, size_t bytes, size_t& count);
  outcome send();
  void renew_key(size_t bytes);

  int socket_;
  /// OpenSSL's connections are for one thread at a time; one that reads and one
  /// that writes take turns.
  std::mutex mutex_;
  openssl_ptr<SSL> connection_;
  /// What OpenSSL has written, for whoever reads at times as well.
  std::vector<char> enciphered_;
  /// What is on its way, and how much of it has gone; the rest goes before all
  /// else. Of the thread that writes.
  std::vector<char> sending_;
  size_t sent_ = 0;
  /// Small parts that go together.
  std::vector<char> gathered_;
  size_t since_key_ = 0;
};

} // namespace caps
