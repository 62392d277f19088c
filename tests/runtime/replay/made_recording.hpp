#pragma once

#include "runtime/replay/recorded_event.hpp"
#include "tests/support/files.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caps::test {

/// A recording that a test makes by hand, row by row, in a folder of its own
/// that is gone after the test.
class made_recording {
public:
  /// Three peers in a ring.
  made_recording();

  made_recording(const made_recording&) = delete;
  made_recording& operator=(const made_recording&) = delete;

  const std::filesystem::path& file() const noexcept { return file_; }
  std::filesystem::path operator/(const std::string& name) const {
    return folder_ / name;
  }

  void meta(const std::string& key, const std::string& value);
  void event(const recorded_event& x);
  void metric(int64_t sequence, int64_t time, int64_t node, int64_t epoch,
              const std::string& name, std::optional<double> value);
  /// Parameters (or buffers) as float32.
  void snapshot(int64_t sequence, int64_t node, int64_t step,
                const std::string& kind, const std::vector<float>& values);
  /// Any SQL, such as one that does damage.
  void execute(const std::string& sql);

  /// Makes everything so far one transaction in the file.
  void commit();

private:
  temporary_folder folder_;
  std::filesystem::path file_;
  SQLite::Database database_;
  std::optional<SQLite::Statement> put_event_;
  int64_t snapshot_chain_ = 0;
};

/// A run of three peers in a ring: `steps` steps of 10 ms, in each of which a
/// node computes a gradient ("gradient_ready", which is also its step) and
/// sends "parameters" to both others, which take 2 ms and are handled as they
/// come. Nodes start at events 1 to 3 in the order 0, 1, 2. Every step has nine
/// events; "test_loss" 1/epoch is reported by every node for each epoch of two
/// steps, at the last event of the epoch.
///
/// Event 4 + 9k + i is node i's gradient k, event 7 + 9k + j message j of step
/// k: from 0 to 1, 0 to 2, 1 to 0, 1 to 2, 2 to 0, 2 to 1. Staleness of a
/// message is the step modulo 3, the loss 1/(step + 1).
///
/// Each node's weights are two layers, "a" of 3 and "b" of 2 elements; there
/// are snapshots at the start (all 0) and at the end (all i + 1).
void make_ring(made_recording& to, int64_t steps);

} // namespace caps::test
