#pragma once

#include "runtime/identity/certificate.hpp"

#include <filesystem>
#include <string>

namespace caps {

// A folder with the identity of a host in a cluster. Only its owner may read
// keys and tokens.
//
//     authority.pem   the certificate of the cluster's authority
//     host.pem        this host's certificate
//     host.key        its private key
//     authority.key   the authority's private key    } the head alone
//     tokens/         tokens that were not used yet  }

/// What a host shows others, and how it knows theirs.
struct identity {
  certificate_subject subject;
  openssl_ptr<X509> authority;
  openssl_ptr<X509> certificate;
  openssl_ptr<EVP_PKEY> key;
};

/// Throws `input_error` unless `name` can be that of a host: letters, digits,
/// '.', '-', '_', at most 64.
void check_host_name(const std::string& name);

/// Makes an authority and the identity of its head in a folder that does not
/// exist or is empty; throws `input_error`.
void make_cluster(const std::filesystem::path& folder,
                  const std::string& head_name);

/// Throws `input_error` for a folder that holds no identity, whose keys others
/// can read, or whose certificate is not, or not now, good.
identity load_identity(const std::filesystem::path& folder);

/// Writes an identity that was taken in by a head.
void store_identity(const std::filesystem::path& folder,
                    const std::string& authority_pem,
                    const std::string& certificate_pem, EVP_PKEY* key);

/// Makes the identity of a host in an empty folder, for one who may read the
/// authority's key in the folder of `make_cluster`. Throws `input_error`.
void make_host(const std::filesystem::path& cluster,
               const std::string& host_name,
               const std::filesystem::path& folder);

// -- tokens -------------------------------------------------------------------

/// With a token a host that has no identity yet is taken into the cluster,
/// once, within ten minutes.
struct host_token {
  /// Proves to the head that the host was invited.
  std::string secret;
  /// Proves to the host that the head is the one it was told of.
  std::string authority_fingerprint;

  std::string text() const { return secret + "." + authority_fingerprint; }
};

/// Throws `input_error` for what is no token.
host_token token_from(const std::string& text);

/// Makes a token for a host; `folder` is the head's.
host_token invite(const std::filesystem::path& folder,
                  const std::string& host_name);

/// Takes a host in: uses its token up and returns its certificate (PEM).
/// Throws `input_error` if there is no such token, or not any more.
std::string take_in(const std::filesystem::path& folder,
                    const std::string& secret, const std::string& public_pem);

} // namespace caps
