#pragma once

#include <caf/error.hpp>
#include <caf/fwd.hpp>

#include <cstdint>
#include <string>

namespace caps {

/// What can go wrong between actors.
enum class error_code : uint8_t {
  /// Zero is reserved by CAF for "no error".
  none = 0,
  /// A payload announces another number of bytes than its shape holds, a
  /// negative extent, too many dimensions or an unknown element type.
  malformed_payload,
  /// A payload announces more bytes than have arrived.
  truncated_payload,
  /// A payload is larger than the limit of this process.
  oversized_payload,
  /// A well-formed payload has another type or shape than the receiver's
  /// parameters.
  mismatched_payload,
  /// Two processes of one run were started with different scenarios.
  mismatched_scenario,
  /// A message came from a node that is not a neighbour.
  unknown_sender,
  /// A partner did not answer before the deadline.
  deadline_passed,
  /// A loss or a parameter became NaN or infinite.
  diverged,
  /// A node or the process it lived in is gone.
  node_lost,
  /// A node crashed because the scenario says so; others are to notice.
  node_crashed,
  /// An exception left a handler or a compute job.
  fault,
};

/// The name of `code`, as above.
std::string to_string(error_code code);

/// An error that carries one line of text for the user.
caf::error make_error(error_code code, std::string text);

/// The text of an error made by `make_error`, or CAF's rendering of others.
std::string describe(const caf::actor_system& sys, const caf::error& what);

/// Lets CAF render errors of this project; call before the actor system is
/// created.
void add_error_codes(caf::actor_system_config& config);

} // namespace caps
