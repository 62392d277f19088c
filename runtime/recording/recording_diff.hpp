#pragma once

#include "runtime/process/arithmetic.hpp"
#include "runtime/recording/rows.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caps {

/// A metric of two runs at the end of an epoch: means over the nodes.
struct metric_pair {
  int64_t epoch = 0;
  std::optional<double> a;
  std::optional<double> b;
};

/// How two recordings differ.
struct recording_diff {
  /// Events that are equal in both, but for their `wall`.
  int64_t equal = 0;
  /// The first event that is not; absent where a recording has ended.
  std::optional<event_row> a;
  std::optional<event_row> b;
  /// As `differences` says, if both have it.
  std::vector<std::string> differences;
  /// What each was computed with, if both tell and it is not the same.
  std::optional<std::pair<arithmetic, arithmetic>> kernels;
  /// By name.
  std::map<std::string, std::vector<metric_pair>> metrics;

  bool same_events() const noexcept { return !a && !b; }

  /// The first event that differs, and the curves side by side.
  std::string text() const;

  std::string json() const;
};

/// Compares two recordings, event by event.
recording_diff diff(recording_file& a, recording_file& b);

} // namespace caps
