#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// Asynchronous SGD with parameter servers: every gradient is an update of its
/// own, made when it comes, and answered with the newest parameters. The
/// staleness of a gradient is the number of updates since the version it was
/// computed on. What can be done about it:
///
/// - `max_staleness`: a worker more steps ahead of the slowest than this waits
///   for it (stale synchronous parallel: Ho et al., NIPS 2013);
/// - `staleness_rate = "inverse"`: the learning rate is divided by the
///   staleness (Zhang et al., "Staleness-aware async-SGD", IJCAI 2016);
/// - `compensation`: the gradient is corrected to first order with a copy of
///   the parameters it was computed on (DC-ASGD: Zheng et al., ICML 2017).
///
/// Cost of a step: each worker sends one gradient and receives the parameters.
std::unique_ptr<protocol_recipe> async_sgd();

} // namespace caps
