#pragma once

#include "runtime/wire/byte_stream.hpp"
#include "runtime/wire/internet.hpp"
#include "runtime/wire/tls_context.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace caps {

/// A connection that a door has let in.
struct dialled {
  std::unique_ptr<byte_stream> stream;
  /// Whom the other end proved to be.
  certificate_subject subject;
  nlohmann::json reply;
};

/// Connects to a door and asks to be let in. Throws `error`, which begins with
/// where it is, if there is none, if it refuses, or if it does not answer until
/// `deadline`; `not_now` if that may be otherwise later.
///
/// @param expected whom the other end has to be; any head if the name is empty
dialled dial(const endpoint& where, const tls_context& tls,
             const certificate_subject& expected,
             const nlohmann::json& request,
             std::chrono::steady_clock::time_point deadline);

/// What a head gives to a host that it takes in (PEM).
struct enrolment {
  std::string authority;
  std::string certificate;
};

/// Asks the head at a door to take this host in. Throws `error`.
enrolment enrol(const endpoint& where, const host_token& token, EVP_PKEY* key,
                std::chrono::steady_clock::time_point deadline);

} // namespace caps
