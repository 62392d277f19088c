#pragma once

#include "runtime/launch/placement.hpp"
#include "runtime/wire/byte_stream.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// A process with nodes, wherever it was started, as the head of its run sees
/// it.
class team_member {
public:
  virtual ~team_member() = default;

  /// For people: "process 1", "host b".
  virtual std::string name() const = 0;

  /// What became of it, once the run cannot count on it any more. It may wake
  /// up again, but not in this run.
  virtual std::optional<std::string> loss() = 0;

  /// Waits for it to end; ends it when it does not in time.
  virtual void finish(std::chrono::milliseconds grace) = 0;
};

/// The processes of a run, by their numbers.
struct team {
  placement where{{}, 0};
  std::vector<std::unique_ptr<team_member>> members;
  /// What leads to each.
  std::vector<std::unique_ptr<byte_stream>> streams;
};

} // namespace caps
