#include "runtime/recording/rows.hpp"

#include "runtime/run_file/schema.hpp"

namespace caps {

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
