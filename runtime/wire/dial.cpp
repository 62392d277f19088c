#include "runtime/wire/dial.hpp"

#include "models/errors.hpp"
#include "runtime/wire/letterbox.hpp"
#include "runtime/wire/tls_stream.hpp"

#include <openssl/err.h>

#include <fmt/format.h>

#include <utility>

#include <unistd.h>

namespace caps {

namespace {

using clock = std::chrono::steady_clock;

/// Whoever answers has shown its certificate by then.
constexpr size_t reply_bytes_max = size_t{16} << 20;

/// A connection, in the course of its handshake.
struct shaken {
  shaken(const endpoint& where, const tls_context& tls,
         clock::time_point deadline)
    : socket(connect_to(where, deadline)), connection(tls.connect_at(socket)) {}

  ~shaken() {
    connection.reset();
    if (socket >= 0)
      ::close(socket);
  }

  shaken(const shaken&) = delete;
  shaken& operator=(const shaken&) = delete;

  int socket;
  openssl_ptr<SSL> connection;
};

void shake_hands(const shaken& x, clock::time_point deadline) {
  for (;;) {
    ERR_clear_error();
    auto result = SSL_connect(x.connection.get());
    if (result == 1)
      return;
    auto why = SSL_get_error(x.connection.get(), result);
    if (why == SSL_ERROR_SSL)
      throw error(handshake_problem(x.connection.get()));
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      throw error("closed the connection; is that a head of a cluster?");
    if (!wait_at(x.socket, why == SSL_ERROR_WANT_WRITE, deadline))
      throw error("gave no answer in time");
  }
}

nlohmann::json ask(letterbox& box, const nlohmann::json& request,
                   clock::time_point deadline) {
  std::optional<nlohmann::json> reply;
  try {
    box.post(request);
    reply = box.wait(deadline);
  } catch (const error&) {
    throw error("closed the connection; is the certificate of this host from "
                "its authority, and good now on its clock?");
  }
  if (!reply)
    throw error("gave no answer in time");
  if (reply->contains("refused")) {
    auto text = "refuses: " + reply->value("refused", std::string{"?"});
    if (reply->value("later", false))
      throw not_now(text);
    throw error(text);
  }
  return *reply;
}

void check_subject(const certificate_subject& expected,
                   const certificate_subject& found) {
  auto right = expected.name.empty() ? found.role == cluster_role::head
                                     : found.name == expected.name;
  if (!right)
    throw error(fmt::format("is {} {}, expected {} {}", to_string(found.role),
                            found.name, to_string(expected.role),
                            expected.name));
}

letterbox box_of(shaken& x) {
  return {std::make_unique<tls_stream>(std::exchange(x.socket, -1),
                                       std::move(x.connection)),
          reply_bytes_max};
}

} // namespace

dialled dial(const endpoint& where, const tls_context& tls,
             const certificate_subject& expected,
             const nlohmann::json& request, clock::time_point deadline) {
  shaken connection{where, tls, deadline};
  try {
    shake_hands(connection, deadline);
    auto subject = peer_of(connection.connection.get());
    if (!subject)
      throw error("shows no certificate");
    check_subject(expected, *subject);
    auto box = box_of(connection);
    auto reply = ask(box, request, deadline);
    return {box.release(), *subject, std::move(reply)};
  } catch (const not_now& e) {
    throw not_now(fmt::format("{}: {}", where.text(), e.what()));
  } catch (const error& e) {
    throw error(fmt::format("{}: {}", where.text(), e.what()));
  }
}

enrolment enrol(const endpoint& where, const host_token& token, EVP_PKEY* key,
                clock::time_point deadline) {
  shaken connection{where, tls_context{}, deadline};
  try {
    shake_hands(connection, deadline);
    enrolment result;
    result.authority = authority_by_fingerprint(connection.connection.get(),
                                                token.authority_fingerprint);
    auto box = box_of(connection);
    auto reply = ask(box,
                     {{"enrol", token.secret}, {"key", public_to_pem(key)}},
                     deadline);
    result.certificate = reply.value("certificate", std::string{});
    return result;
  } catch (const error& e) {
    throw error(fmt::format("{}: {}", where.text(), e.what()));
  }
}

} // namespace caps
