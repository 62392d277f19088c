#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>

namespace caps {

/// Bytes to and from another process, in order; nothing waits.
class byte_stream {
public:
  virtual ~byte_stream() = default;

  /// The socket, to wait at.
  virtual int handle() const noexcept = 0;

  /// Whether both ends are on one host, which can share memory.
  virtual bool local() const noexcept { return false; }

  /// Sends what goes at once and returns how many bytes were taken; nothing if
  /// the other end is gone. What was not taken comes first the next time. One
  /// thread at a time writes.
  virtual std::optional<size_t> write(std::span<const iovec> parts) = 0;

  /// Whether bytes were taken that have not gone: they go with the next call of
  /// `write`.
  virtual bool unsent() const noexcept { return false; }

  /// Reads what has come and returns how many bytes that were; nothing if the
  /// other end is gone. One thread at a time reads.
  virtual std::optional<size_t> read(std::span<const iovec> parts) = 0;
};

/// A connected stream socket as it is: for processes of one host.
class plain_stream final : public byte_stream {
public:
  /// Takes over `socket`.
  explicit plain_stream(int socket) noexcept : socket_(socket) {}
  ~plain_stream() override;

  plain_stream(const plain_stream&) = delete;
  plain_stream& operator=(const plain_stream&) = delete;

  int handle() const noexcept override { return socket_; }

  bool local() const noexcept override { return true; }

  std::optional<size_t> write(std::span<const iovec> parts) override;
  std::optional<size_t> read(std::span<const iovec> parts) override;

private:
  int socket_;
};

} // namespace caps
