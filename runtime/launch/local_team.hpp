#pragma once

#include "runtime/launch/team.hpp"
#include "runtime/process/silence.hpp"
#include "runtime/run/run.hpp"

#include <filesystem>

namespace caps {

/// Processes of this machine, which the head of their run has started.
struct local_team_settings {
  placement where{{}, 0};
  /// What they read.
  std::filesystem::path scenario_file;
  /// Compute threads of each.
  size_t threads = 1;
  /// How long each may give no sign of life.
  silence allowed{};
  /// Whether those that are lost can be started again.
  bool may_return = false;
  recording_parts parts{};
};

/// Starts them and connects them with each other. Throws `error`.
team start_local_team(local_team_settings settings);

/// Open files of a team of so many processes at its head.
size_t files_of_local_team(size_t processes);

} // namespace caps
