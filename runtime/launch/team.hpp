#pragma once

#include "runtime/launch/placement.hpp"
#include "runtime/wire/byte_stream.hpp"

#include <chrono>
#include <functional>
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
  /// Starts one that is lost again, in its place in `members`; false if that is
  /// not possible yet. Throws `error`. Empty where a run cannot do without any.
  std::function<bool(team& all, size_t process)> revive{};
  /// What leads to one that has been started again, once for each; nothing
  /// while there is none.
  struct arrival {
    size_t process = 0;
    std::unique_ptr<byte_stream> stream;
  };
  std::function<std::optional<arrival>()> next_arrival{};
};

} // namespace caps
