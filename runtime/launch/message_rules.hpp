#pragma once

#include "runtime/launch/placement.hpp"

#include <caf/message.hpp>

#include <string>

namespace caps {

// Who of a run may say what to whom in another process. Its head (the process
// with coordinator and evaluator) has the number after the last one with nodes.

/// What can be sent to besides nodes.
enum receiver : node_id {
  to_hub = -2,
  to_coordinator = -3,
  to_evaluator = -4,
  to_host = -5,
  to_membership = -6,
};

/// Why a process may not send this to the head of its run; empty if it may. It
/// speaks for itself and for the nodes that live in it.
std::string refusal_at_head(const placement& where, size_t process,
                            node_id to, const caf::message& content);

/// Why a process, or the head, may not send this to another process; empty if
/// it may. Nodes speak to nodes; only the head starts and stops them.
std::string refusal_at_process(const placement& where, size_t process,
                               node_id from, node_id to,
                               const caf::message& content);

} // namespace caps
