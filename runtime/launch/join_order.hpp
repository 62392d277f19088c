#pragma once

#include "runtime/launch/placement.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// How a process reaches those of other hosts.
struct network_order {
  struct peer {
    /// Of its host, in its certificate.
    std::string name;
    /// Where it listens; port 0 for one that is not reached over the network.
    std::string address;
    uint16_t port = 0;
  };

  /// Nobody else's connections are of this run.
  std::string run;
  /// The folder with this host's identity.
  std::string identity;
  /// A socket that listens for those with higher numbers.
  int listener = -1;
  /// By number, the head last.
  std::vector<peer> peers;
};

/// What a process of a run is told by the one that starts it. It inherits the
/// order as an open file, which nobody else can read.
struct join_order {
  /// The number of the process.
  uint32_t process = 0;
  placement where{{}, 0};
  /// A socket to each process by its number, the head last; -1 for this one.
  std::vector<int> sockets;
  /// Absent if all live on this host.
  std::optional<network_order> network = std::nullopt;
  /// How often the process was started again: its nodes come back to a run that
  /// goes on.
  uint32_t life = 0;
  /// A socket over which come those to processes that have come back
  /// (`data_plane::take_streams_from`); -1 where none does.
  int streams = -1;
  /// Where the process records what its nodes do; empty for nowhere.
  std::string part = {};
  /// What all parts of the run's recording have in common, and no other ones.
  std::string run = {};
};

nlohmann::json json_of(const std::vector<network_order::peer>& peers);

/// Throws an exception of JSON for what is no such list.
std::vector<network_order::peer> peers_from(const nlohmann::json& x);

/// The order as a file in memory, at its beginning; the caller closes it.
/// Throws `error`.
int write_order(const join_order& x);

/// Reads and closes the file; throws `error`.
join_order read_order(int file);

} // namespace caps
