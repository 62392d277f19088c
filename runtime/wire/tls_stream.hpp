#pragma once

#include "runtime/identity/openssl.hpp"
#include "runtime/wire/byte_stream.hpp"

#include <mutex>
#include <vector>

namespace caps {

/// A connection with TLS between two hosts, after its handshake. Bytes are
/// enciphered straight from where they lie and deciphered to where they go.
class tls_stream final : public byte_stream {
public:
  /// Takes over `socket`, which does not block.
  tls_stream(int socket, openssl_ptr<SSL> connection);
  ~tls_stream() override;

  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;

  int handle() const noexcept override { return socket_; }

  bool unsent() const noexcept override { return !pending_.empty(); }
  std::optional<size_t> write(std::span<const iovec> parts) override;
  std::optional<size_t> read(std::span<const iovec> parts) override;

private:
  enum class outcome { done, blocked, gone };

  outcome outcome_of(int result);
  outcome encipher(const char* data, size_t bytes, size_t& count);
  outcome decipher(char* data, size_t bytes, size_t& count);
  outcome write_pending();
  outcome write_record(const char* data, size_t bytes);
  void renew_key(size_t bytes);

  int socket_;
  /// OpenSSL's connections are for one thread at a time; one that reads and one
  /// that writes take turns.
  std::mutex mutex_;
  openssl_ptr<SSL> connection_;
  /// What was enciphered, but did not go as a whole; goes before all else.
  std::vector<char> pending_;
  /// Small parts that go together.
  std::vector<char> gathered_;
  size_t since_key_ = 0;
};

} // namespace caps
