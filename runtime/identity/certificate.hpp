#pragma once

#include "runtime/identity/openssl.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace caps {

/// What the owner of a certificate may do in a cluster.
enum class cluster_role {
  /// Holds the authority: starts runs and takes in hosts.
  head,
  /// Takes part in runs.
  host,
};

std::string_view to_string(cluster_role x) noexcept;

/// Whom a certificate speaks of.
struct certificate_subject {
  /// Of the host (common name).
  std::string name;
  cluster_role role = cluster_role::host;
};

/// A private key (elliptic curve P-256); throws `error`.
openssl_ptr<EVP_PKEY> make_key();

/// The certificate of a new authority, signed by itself; good for ten years.
openssl_ptr<X509> make_authority(EVP_PKEY* key);

/// A certificate for a key, signed by an authority; good for `life`, and from
/// some minutes before now on, for clocks that are a little behind.
openssl_ptr<X509> issue_certificate(X509* authority, EVP_PKEY* authority_key,
                                    EVP_PKEY* key,
                                    const certificate_subject& subject,
                                    std::chrono::hours life);

/// Throws `error` for one that none of these functions made.
certificate_subject subject_of(X509* x);

/// SHA-256 of a certificate, in hexadecimal.
std::string fingerprint_of(X509* x);

/// Between which days and times (UTC) it is good: "2026-01-01 10:00 to ...".
std::string validity_of(X509* x);

// -- PEM ----------------------------------------------------------------------

std::string to_pem(X509* x);
std::string to_pem(EVP_PKEY* private_key);
std::string public_to_pem(EVP_PKEY* key);

/// These throw `error`, which begins with `what`.
openssl_ptr<X509> certificate_from(std::string_view pem,
                                   const std::string& what);
openssl_ptr<EVP_PKEY> key_from(std::string_view pem, const std::string& what);
openssl_ptr<EVP_PKEY> public_key_from(std::string_view pem,
                                      const std::string& what);

// -- secrets ------------------------------------------------------------------

/// Random bytes nobody can guess, in hexadecimal.
std::string random_secret(size_t bytes);

/// SHA-256 in hexadecimal.
std::string sha256_of(std::string_view text);

} // namespace caps
