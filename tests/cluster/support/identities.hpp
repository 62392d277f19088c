#pragma once

#include "runtime/identity/identity.hpp"
#include "tests/support/files.hpp"

namespace caps::test {

/// Makes the identity of a host of the cluster whose head's folder is `head`.
inline void add_host(const std::filesystem::path& head,
                     const std::filesystem::path& host,
                     const std::string& name) {
  auto key = make_key();
  auto certificate
    = take_in(head, invite(head, name).secret, public_to_pem(key.get()));
  store_identity(host, read_text(head / "authority.pem"), certificate,
                 key.get());
}

} // namespace caps::test
