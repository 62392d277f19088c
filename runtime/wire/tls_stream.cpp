#include "runtime/wire/tls_stream.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

/// The most that is enciphered as one piece.
constexpr size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;

/// Parts smaller than this go together: a record has its price.
constexpr size_t small_part = 4096;

/// What is read from the socket at once.
constexpr size_t read_ahead_bytes = size_t{256} << 10;

/// What is enciphered before it is sent, with one call.
constexpr size_t write_bytes = size_t{128} << 10;

/// A key of AES-GCM is good for more than 300 GB (RFC 8446, 5.5).
constexpr size_t key_bytes_max = size_t{1} << 36;

// -- where OpenSSL writes to: a vector ----------------------------------------

int append(BIO* to, const char* data, size_t bytes, size_t* count) {
  auto end = static_cast<std::vector<char>*>(BIO_get_data(to));
  end->insert(end->end(), data, data + bytes);
  *count = bytes;
  return 1;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* vector_method() {
  static const auto method = [] {
    auto result
      = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "vector");
    BIO_meth_set_write_ex(result, append);
    BIO_meth_set_ctrl(result, control);
    return result;
  }();
  return method;
}

} // namespace

tls_stream::tls_stream(int socket, openssl_ptr<SSL> connection)
  : socket_(socket), connection_(std::move(connection)) {
  auto x = connection_.get();
  // Many records with one call, now that the other end is known; and memory
  // that is kept.
  SSL_set_default_read_buffer_len(x, read_ahead_bytes);
  SSL_set_read_ahead(x, 1);
  SSL_clear_mode(x, SSL_MODE_RELEASE_BUFFERS);
  auto sink = BIO_new(vector_method());
  if (sink == nullptr)
    throw_openssl("cannot set up a connection");
  BIO_set_data(sink, &enciphered_);
  BIO_set_init(sink, 1);
  SSL_set0_wbio(x, sink);
}

tls_stream::~tls_stream() {
  SSL_shutdown(connection_.get());
  ERR_clear_error();
  send();
  connection_.reset();
  ::close(socket_);
}

bool tls_stream::encipher(const char* data, size_t bytes) {
  std::lock_guard lock{mutex_};
  ERR_clear_error();
  size_t count = 0;
  auto result = SSL_write_ex(connection_.get(), data, bytes, &count);
  ERR_clear_error();
  // What it writes to takes all there is.
  return result == 1 && count == bytes;
}

tls_stream::outcome tls_stream::decipher(char* data, size_t bytes,
                                         size_t& count) {
  std::lock_guard lock{mutex_};
  ERR_clear_error();
  auto result = SSL_read_ex(connection_.get(), data, bytes, &count);
  auto why = SSL_get_error(connection_.get(), result);
  ERR_clear_error();
  if (result == 1)
    return outcome::done;
  return why == SSL_ERROR_WANT_READ ? outcome::blocked : outcome::gone;
}

tls_stream::outcome tls_stream::send() {
  for (;;) {
    if (!unsent()) {
      sending_.clear();
      sent_ = 0;
      std::lock_guard lock{mutex_};
      sending_.swap(enciphered_);
    }
    if (!unsent())
      return outcome::done;
    auto count = ::send(socket_, sending_.data() + sent_,
                        sending_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR)
      return errno == EAGAIN ? outcome::blocked : outcome::gone;
    sent_ += count > 0 ? static_cast<size_t>(count) : 0;
  }
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
  size_t since_sent = 0;
  auto state = send();
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
      if (!encipher(data, bytes))
        return std::nullopt;
      data += bytes;
      rest -= bytes;
      taken += bytes;
      since_sent += bytes;
      if (since_sent >= write_bytes) {
        state = send();
        since_sent = 0;
      }
    }
  }
  if (state == outcome::done)
    state = send();
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
