#pragma once

#include "actors/protocol.hpp"

namespace caps {

/// Options of decentralized SGD.
struct dsgd_options {
  /// Longest time to wait for a neighbour's parameters.
  node_context::duration swap_timeout = std::chrono::seconds{60};

  void describe(option_visitor& visitor);
};

/// Decentralized SGD (Lian et al. 2017), synchronous.
///
/// In step k every node makes a local update with its gradient, averages the
/// result with the parameters its neighbours sent after step k - 1, and sends
/// its own to all of them. The next gradient is computed while messages are
/// under way; the update it leads to waits for them:
///
///   compute(k) ──gradient_ready──┐
///                                ├─> update(k), send, compute(k + 1)
///   parameters(k - 1) of all ────┘
///
/// Cost per node and step: one gradient, |N| messages of the parameter
/// vector's size.
std::unique_ptr<protocol_recipe> dsgd();

} // namespace caps
