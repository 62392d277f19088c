#include "runtime/recording/rows.hpp"

#include "runtime/recording/schema.hpp"

namespace caps {

namespace {

/// SQLite has no unsigned integers.
int64_t signed_bits(uint64_t x) {
  return static_cast<int64_t>(x);
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
  row.loss = x.loss;
  row.norm = x.norm;
  if (origin.cause != 0) {
    row.cause = origin.cause;
    row.sent = origin.sent;
  }
  return row;
}

uint64_t chain(const event_row& x, uint64_t before) {
  row_digest digest{before};
  digest.add(x.sequence).add(x.time).add(std::string_view{x.kind});
  digest.add(int64_t{x.source}).add(int64_t{x.destination});
  digest.add(x.message).add(x.step).add(x.version).add(x.staleness);
  digest.add(x.bytes).add(x.digest).add(x.state).add(x.node_step);
  digest.add(x.loss).add(x.norm).add(x.cause).add(x.sent);
  return digest.result();
}

uint64_t chain(const metric_row& x, uint64_t before) {
  row_digest digest{before};
  digest.add(x.sequence).add(x.time).add(int64_t{x.node});
  digest.add(x.epoch).add(x.step).add(std::string_view{x.name}).add(x.value);
  return digest.result();
}

uint64_t chain(const note_row& x, uint64_t before) {
  row_digest digest{before};
  digest.add(x.sequence).add(x.time).add(int64_t{x.node});
  digest.add(std::string_view{x.failure ? "failure" : "note"});
  digest.add(std::string_view{x.text});
  return digest.result();
}

} // namespace caps
