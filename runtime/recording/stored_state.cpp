#include "runtime/recording/stored_state.hpp"

#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

namespace caps {

std::optional<run_state> state_before(recording_file& file, int64_t event,
                                      int64_t after) {
  // The last of its rows is that of the last node: a recording may end amid a
  // state.
  query newest{file, "SELECT sequence FROM snapshot WHERE kind = ? AND node = "
                     "? AND sequence < ? AND sequence > ? ORDER BY sequence "
                     "DESC LIMIT 1"};
  newest.bind(run_state_kind::node)
    .bind(static_cast<int64_t>(file.nodes().size()) - 1)
    .bind(event)
    .bind(after);
  if (!newest.next())
    return std::nullopt;
  run_state result;
  result.position = newest.integer(0).value_or(0);
  auto bytes = [&](query& row) {
    return read_snapshot(file, row.integer(0).value_or(0)).bytes;
  };
  query parts{file, "SELECT id, kind FROM snapshot WHERE sequence = ? AND "
                    "kind IN ('run', 'node') ORDER BY id"};
  parts.bind(result.position);
  while (parts.next())
    if (parts.text(1) == run_state_kind::run)
      result.run = bytes(parts);
    else
      result.nodes.push_back(bytes(parts));
  query observed{file, "SELECT id FROM snapshot WHERE kind = ? AND "
                       "sequence <= ? ORDER BY id"};
  observed.bind(run_state_kind::observed).bind(result.position);
  while (observed.next())
    result.observed.push_back(bytes(observed));
  return result;
}

} // namespace caps
