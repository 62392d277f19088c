#pragma once

#include "runtime/recording/rows.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <string>

namespace caps {

/// What a sound recording holds.
struct recording_contents {
  int64_t events = 0;
  int64_t metrics = 0;
  int64_t notes = 0;
  int64_t snapshots = 0;
  int64_t payloads = 0;
  int64_t transactions = 0;
  /// Whether the run came to its end; else it still goes on, or was cut off
  /// after the last of these transactions.
  bool ended = false;
};

/// Reads every row of a recording and checks it against the checksums. Throws
/// `data_error` that names the first damaged record: afterwards, whatever is
/// read of the recording is what was written.
recording_contents verify(recording_file& file);

/// Reads the events of a recording one after the other.
class event_rows {
public:
  /// From event `first` on.
  explicit event_rows(recording_file& file, int64_t first = 1);

  /// The next event; false after the last. Throws `data_error` for one whose
  /// columns are not of their types.
  bool next(event_row& x);

  /// The chain that stands beside the event.
  int64_t chain() const noexcept { return chain_; }

private:
  std::string path_;
  query rows_;
  int64_t chain_ = 0;
};

} // namespace caps
