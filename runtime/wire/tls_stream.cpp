#include "runtime/wire/tls_stream.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace caps {

namespace {

/// The most that is enciphered as one piece.
constexpr size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;

/// Parts smaller than this go together: a record has its price.
constexpr size_t small_part = 4096;

/// What is read from the socket at once.
constexpr size_t read_ahead_bytes = size_t{256} << 10;

/// A key of AES-GCM is good for more than 300 GB (RFC 8446, 5.5).
constexpr size_t key_bytes_max = size_t{1} << 36;

} // namespace

tls_stream::tls_stream(int socket, openssl_ptr<SSL> connection)
  : socket_(socket), connection_(std::move(connection)) {
  // Many records with one call, now that the other end is known.
  SSL_set_default_read_buffer_len(connection_.get(), read_ahead_bytes);
  SSL_set_read_ahead(connection_.get(), 1);
}

tls_stream::~tls_stream() {
  SSL_shutdown(connection_.get());
  ERR_clear_error();
  connection_.reset();
  ::close(socket_);
}

tls_stream::outcome tls_stream::outcome_of(int result) {
  if (result > 0)
    return outcome::done;
  auto why = SSL_get_error(connection_.get(), result);
  ERR_clear_error();
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE
           ? outcome::blocked
           : outcome::gone;
}

tls_stream::outcome tls_stream::encipher(const char* data, size_t bytes,
                                         size_t& count) {
  std::lock_guard lock{mutex_};
  ERR_clear_error();
  return outcome_of(SSL_write_ex(connection_.get(), data, bytes, &count));
}

tls_stream::outcome tls_stream::decipher(char* data, size_t bytes,
                                         size_t& count) {
  std::lock_guard lock{mutex_};
  ERR_clear_error();
  return outcome_of(SSL_read_ex(connection_.get(), data, bytes, &count));
}

tls_stream::outcome tls_stream::write_pending() {
  while (!pending_.empty()) {
    size_t count = 0;
    auto result = encipher(pending_.data(), pending_.size(), count);
    if (result != outcome::done)
      return result;
    pending_.erase(pending_.begin(),
                   pending_.begin() + static_cast<ptrdiff_t>(count));
  }
  return outcome::done;
}

tls_stream::outcome tls_stream::write_record(const char* data, size_t bytes) {
  size_t count = 0;
  auto result = encipher(data, bytes, count);
  if (result == outcome::gone || count == bytes)
    return result;
  // What was begun must be gone on with, whatever becomes of the message.
  pending_.assign(data + count, data + bytes);
  return result == outcome::done ? write_pending() : result;
}

void tls_stream::renew_key(size_t bytes) {
  since_key_ += bytes;
  if (since_key_ < key_bytes_max)
    return;
  since_key_ = 0;
  std::lock_guard lock{mutex_};
  SSL_key_update(connection_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
}

std::optional<size_t> tls_stream::write(std::span<const iovec> parts) {
  size_t taken = 0;
  auto state = write_pending();
  for (size_t i = 0; i < parts.size() && state == outcome::done; ++i) {
    auto data = static_cast<const char*>(parts[i].iov_base);
    auto rest = parts[i].iov_len;
    if (rest < small_part) {
      gathered_.clear();
      for (; i < parts.size() && parts[i].iov_len < small_part
             && gathered_.size() + parts[i].iov_len <= record_bytes;
           ++i) {
        data = static_cast<const char*>(parts[i].iov_base);
        gathered_.insert(gathered_.end(), data, data + parts[i].iov_len);
      }
      --i;
      data = gathered_.data();
      rest = gathered_.size();
    }
    while (rest > 0 && state == outcome::done) {
      auto bytes = std::min(rest, record_bytes);
      state = write_record(data, bytes);
      if (state == outcome::gone)
        break;
      data += bytes;
      rest -= bytes;
      taken += bytes;
    }
  }
  if (state == outcome::gone)
    return std::nullopt;
  renew_key(taken);
  return taken;
}

std::optional<size_t> tls_stream::read(std::span<const iovec> parts) {
  size_t taken = 0;
  for (const auto& part : parts) {
    auto data = static_cast<char*>(part.iov_base);
    for (auto rest = part.iov_len; rest > 0;) {
      size_t count = 0;
      auto state = decipher(data, rest, count);
      if (state == outcome::gone && taken == 0)
        return std::nullopt;
      if (state != outcome::done)
        return taken;
      data += count;
      rest -= count;
      taken += count;
    }
  }
  return taken;
}

} // namespace caps
