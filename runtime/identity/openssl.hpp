#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace caps {

/// Frees an object of OpenSSL.
struct openssl_free {
  void operator()(BIO* x) const noexcept { BIO_free(x); }
  void operator()(EVP_PKEY* x) const noexcept { EVP_PKEY_free(x); }
  void operator()(SSL* x) const noexcept { SSL_free(x); }
  void operator()(SSL_CTX* x) const noexcept { SSL_CTX_free(x); }
  void operator()(X509* x) const noexcept { X509_free(x); }
};

template <class T>
using openssl_ptr = std::unique_ptr<T, openssl_free>;

/// What OpenSSL says went wrong in this thread; forgets it.
std::string openssl_problem();

/// Throws `error`: what could not be done, and why.
[[noreturn]] void throw_openssl(const std::string& what);

} // namespace caps
