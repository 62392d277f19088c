#include "runtime/wire/tls_context.hpp"

#include "models/errors.hpp"

#include <openssl/err.h>

#include <fmt/format.h>

namespace caps {

namespace {

/// The fast ones first; all of TLS 1.3.
constexpr auto ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                         "TLS_CHACHA20_POLY1305_SHA256";

openssl_ptr<SSL_CTX> blank_context() {
  openssl_ptr<SSL_CTX> result{SSL_CTX_new(TLS_method())};
  auto x = result.get();
  if (x == nullptr || SSL_CTX_set_min_proto_version(x, TLS1_3_VERSION) != 1
      || SSL_CTX_set_ciphersuites(x, ciphers) != 1)
    throw_openssl("cannot set up TLS 1.3");
  // Nobody resumes a session.
  SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(x, 0);
  SSL_CTX_set_mode(x, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                        | SSL_MODE_ENABLE_PARTIAL_WRITE
                        | SSL_MODE_RELEASE_BUFFERS);
  return result;
}

/// A handshake that another one's certificate is missing in goes on: a host
/// that is to be taken in has none. Who needs one looks at it.
constexpr int verify_mode = SSL_VERIFY_PEER;

} // namespace

tls_context::tls_context(const identity& own) : context_(blank_context()) {
  auto x = context_.get();
  auto store = SSL_CTX_get_cert_store(x);
  if (SSL_CTX_use_certificate(x, own.certificate.get()) != 1
      || SSL_CTX_use_PrivateKey(x, own.key.get()) != 1
      || SSL_CTX_add1_chain_cert(x, own.authority.get()) != 1
      || X509_STORE_add_cert(store, own.authority.get()) != 1
      || SSL_CTX_add_client_CA(x, own.authority.get()) != 1)
    throw_openssl("cannot use the identity of this host");
  SSL_CTX_set_verify(x, verify_mode, nullptr);
}

tls_context::tls_context() : context_(blank_context()) {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
}

openssl_ptr<SSL> tls_context::connection_at(int socket) const {
  openssl_ptr<SSL> result{SSL_new(context_.get())};
  if (result == nullptr || SSL_set_fd(result.get(), socket) != 1)
    throw_openssl("cannot set up a connection");
  return result;
}

openssl_ptr<SSL> tls_context::accept_at(int socket) const {
  auto result = connection_at(socket);
  SSL_set_accept_state(result.get());
  return result;
}

openssl_ptr<SSL> tls_context::connect_at(int socket) const {
  auto result = connection_at(socket);
  SSL_set_connect_state(result.get());
  return result;
}

std::optional<certificate_subject> peer_of(SSL* x) {
  openssl_ptr<X509> certificate{SSL_get1_peer_certificate(x)};
  if (certificate == nullptr)
    return std::nullopt;
  return subject_of(certificate.get());
}

std::string authority_by_fingerprint(SSL* x, const std::string& fingerprint) {
  openssl_ptr<X509> certificate{SSL_get1_peer_certificate(x)};
  auto chain = SSL_get_peer_cert_chain(x);
  if (certificate == nullptr || chain == nullptr)
    throw error("the other end shows no certificate");
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    auto authority = sk_X509_value(chain, i);
    if (fingerprint_of(authority) != fingerprint)
      continue;
    if (X509_verify(certificate.get(), X509_get0_pubkey(authority)) != 1
        || subject_of(certificate.get()).role != cluster_role::head)
      break;
    return to_pem(authority);
  }
  ERR_clear_error();
  throw error("the other end is not the head that the token is from");
}

std::string handshake_problem(SSL* x) {
  auto verdict = SSL_get_verify_result(x);
  auto problem = openssl_problem();
  if (verdict == X509_V_OK)
    return problem;
  openssl_ptr<X509> certificate{SSL_get1_peer_certificate(x)};
  auto result = fmt::format("the certificate of the other end: {}",
                            X509_verify_cert_error_string(verdict));
  if (certificate != nullptr)
    result += fmt::format(" (it is good from {})",
                          validity_of(certificate.get()));
  return result;
}

} // namespace caps
