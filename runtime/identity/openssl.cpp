#include "runtime/identity/openssl.hpp"

#include "models/errors.hpp"

#include <openssl/err.h>

namespace caps {

std::string openssl_problem() {
  auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0)
    return "unknown problem";
  auto reason = ERR_reason_error_string(code);
  return reason == nullptr ? "problem " + std::to_string(code) : reason;
}

void throw_openssl(const std::string& what) {
  throw error(what + ": " + openssl_problem());
}

} // namespace caps
