#pragma once

#include "messages/fwd.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace caps {

// Where the nodes of a run live in several processes, each process makes a
// recording of its own nodes: a part of that of the run. Its events have times
// of the machine's clock and numbers of their own; the cause of a message has
// the number that it has in the sender's part.

/// The text by which a part says which one it is (`recorder_options::part`).
///
/// @param run what all parts of a run have in common, and no other ones
/// @param process that of the head comes after the others
/// @param nodes those that live in the process
std::string part_text(const std::string& run, size_t process, size_t processes,
                      const std::vector<node_id>& nodes);

/// Keys of `meta` that only parts have.
inline constexpr auto part_keys = {"part", "created", "snapshots_left_out"};

/// A part, verified and opened for reading.
struct recording_part {
  /// Throws `input_error` for a recording that is no part of one, `data_error`
  /// for a damaged one.
  explicit recording_part(const std::filesystem::path& path);

  bool is_head() const noexcept { return process == processes; }

  /// "process 1 of 3".
  std::string name() const;

  recording_file file;
  /// Whether its process has come to the end of the run.
  bool ended = false;
  std::string run;
  size_t process = 0;
  /// The head of the run not counted.
  size_t processes = 0;
  std::vector<node_id> nodes;
  /// When the `wall` of its events was 0, on the machine's clock.
  int64_t created = 0;
};

/// Opens parts of one run, in the order of their processes. Throws as the part
/// does, and `input_error` for none, parts of different runs and two of one
/// process.
std::vector<std::unique_ptr<recording_part>>
open_parts(const std::vector<std::filesystem::path>& files);

} // namespace caps
