#pragma once

#include "runtime/identity/identity.hpp"

#include <optional>
#include <string>

namespace caps {

/// How a connection with TLS 1.3 is made: both ends show certificates of the
/// same authority.
class tls_context {
public:
  /// Throws `error`.
  explicit tls_context(const identity& own);

  /// For a host that has no identity yet: shows none and believes any; whom it
  /// talks to it must find out itself (see `subject_by_fingerprint`).
  tls_context();

  /// A connection over a socket, which is not closed with it. Throws `error`.
  openssl_ptr<SSL> accept_at(int socket) const;
  openssl_ptr<SSL> connect_at(int socket) const;

private:
  openssl_ptr<SSL> connection_at(int socket) const;

  openssl_ptr<SSL_CTX> context_;
};

/// Whom the other end of a connection proved to be; nothing if it showed no
/// certificate. Throws `error` for one that is no host.
std::optional<certificate_subject> peer_of(SSL* x);

/// The certificate of the authority with this fingerprint, PEM, if the other
/// end is a head that it has signed; throws `error` if not.
std::string authority_by_fingerprint(SSL* x, const std::string& fingerprint);

/// Why a handshake failed, in words; for a certificate that was not accepted,
/// what is wrong with it.
std::string handshake_problem(SSL* x);

} // namespace caps
