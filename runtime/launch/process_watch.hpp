#pragma once

#include "runtime/launch/team.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace caps {

/// Notices processes of a run that are lost, and has them started again where
/// the run can do without them meanwhile. For one thread.
class process_watch {
public:
  struct events {
    /// A process is lost, for a reason. Called once for each of its lives.
    std::function<void(size_t process, const std::string& why)> lost;
    /// What leads to one that has been started again.
    std::function<void(size_t process, std::unique_ptr<byte_stream> stream)>
      arrived;
    /// For people.
    std::function<void(const std::string& text)> note;
  };

  process_watch(team& all, events what);

  /// Has a look at all.
  ///
  /// @param revives whether those that are lost may be started again by now
  void look(bool revives);

private:
  using clock = std::chrono::steady_clock;

  struct life {
    clock::time_point began;
    bool lost = false;
    /// When it may be started again, and how long it has to wait for that.
    clock::time_point again;
    clock::duration pause{0};
  };

  void lose(size_t process, const std::string& why);
  void revive(size_t process);

  team& all_;
  events events_;
  std::vector<life> lives_;
};

} // namespace caps
