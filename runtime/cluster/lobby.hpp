#pragma once

#include "runtime/cluster/host_talk.hpp"
#include "runtime/cluster/hosts_file.hpp"
#include "runtime/wire/door.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace caps {

/// A host that waits for a run.
struct waiting_host {
  std::unique_ptr<host_talk> talk;
  std::string address;
  uint16_t port = 0;
  size_t threads = 1;
  size_t gpus = 0;
};

/// Where hosts wait for a run of their head. The door's thread lets them in,
/// another one takes them out.
class lobby {
public:
  /// @param identity the head's folder, for hosts that are new
  /// @param hosts those that are expected
  lobby(std::filesystem::path identity, const std::vector<host_entry>& hosts);

  /// The answer to who asks to be taken into the cluster, or into a run.
  door_answer decide(const door_visitor& x);

  /// Those that have not come, or have gone again.
  std::vector<std::string> missing();

  /// Of each host, what it is at.
  std::map<std::string, std::string> states();

  /// A host that is here; no other one of this name comes in any more.
  waiting_host take(const std::string& name);

  /// Such a host again, once it has come: the one that was taken is gone.
  std::optional<waiting_host> take_again(const std::string& name);

private:
  door_answer enrol_host(const door_visitor& x) const;
  door_answer let_in(const std::string& name, const door_visitor& x);

  std::filesystem::path identity_;
  std::set<std::string> expected_;
  std::mutex mutex_;
  std::map<std::string, waiting_host> here_;
};

} // namespace caps
