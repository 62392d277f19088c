#pragma once

#include "runtime/recording/recording_writer.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <functional>
#include <map>

namespace caps {

/// What was copied.
struct copied_start {
  event_row last;
  /// Bytes of all messages, of all states of the run, and of the last of these.
  size_t message_bytes = 0;
  size_t state_bytes = 0;
  size_t last_state_bytes = 0;
  /// Step of the last snapshot of each node.
  std::map<node_id, int64_t> last_steps;
};

/// Copies all rows of a recording up to an event into another one that has none
/// yet. `pause` is called now and then, to commit. Throws `data_error` for a
/// damaged recording, and what the writer throws.
copied_start copy_start_of(recording_file& original, int64_t last,
                           recording_writer& copy,
                           const std::function<void()>& pause);

} // namespace caps
