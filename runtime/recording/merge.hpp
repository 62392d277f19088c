#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace caps {

/// What became one recording.
struct merge_report {
  int64_t events = 0;
  /// Of processes, the head of the run not counted.
  size_t parts = 0;
  /// Bytes of the recording.
  uint64_t bytes = 0;
  /// Of nodes, as their parts would have become too large.
  int64_t snapshots_left_out = 0;
  /// What is missing, each in a line.
  std::vector<std::string> remarks;
};

/// Makes one recording of those that the processes of a run have made of their
/// own nodes, in the order of the run's clock, where nothing comes before what
/// caused it. Each part is verified before anything is written; parts may be
/// missing, or have been cut off when their process died: what they would have
/// held is missing in the recording as well, and the report says so.
///
/// All processes are of one machine, whose clock orders their events.
///
/// @param parts files in any order; that of the head of the run, which has what
/// was measured, is among them or missing like any other
/// @param to in place of an older file
///
/// Throws `input_error` for parts of different runs, two of one process, and
/// recordings that are no part of one; `data_error` for a damaged part.
merge_report merge_recordings(const std::vector<std::filesystem::path>& parts,
                              const std::filesystem::path& to);

} // namespace caps
