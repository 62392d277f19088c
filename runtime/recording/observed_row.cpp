#include "runtime/recording/observed_row.hpp"

#include <cmath>

namespace caps {

namespace {

/// A recording has no number that is none.
std::optional<double> unless_nan(const std::optional<double>& x) {
  return x && std::isnan(*x) ? std::nullopt : x;
}

} // namespace

event_row row_of(const event_end& x, int64_t wall) {
  const auto& origin = x.origin;
  const auto& stamp = origin.stamp;
  event_row row;
  row.sequence = x.ticket.sequence;
  row.time = x.ticket.time;
  row.wall = wall;
  row.kind = origin.kind;
  row.source = stamp.source;
  row.destination = x.node;
  row.message = signed_bits(stamp.sequence);
  row.step = stamp.step;
  row.version = signed_bits(stamp.version);
  row.staleness = x.staleness;
  row.bytes = signed_bits(origin.bytes);
  row.digest = signed_bits(x.digest.value_or(origin.digest));
  if (x.state)
    row.state = signed_bits(*x.state);
  row.node_step = x.node_step;
  row.loss = unless_nan(x.loss);
  row.norm = unless_nan(x.norm);
  if (origin.cause != 0) {
    row.cause = origin.cause;
    row.sent = origin.sent;
  }
  return row;
}

} // namespace caps
