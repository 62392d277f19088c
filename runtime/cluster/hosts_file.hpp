#pragma once

#include "messages/fwd.hpp"
#include "runtime/launch/placement.hpp"
#include "runtime/wire/internet.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace caps {

/// A host of a run, and which nodes are to live on it.
struct host_entry {
  /// As in its certificate; empty for the head's.
  std::string name;
  /// Where ssh reaches it; empty for its name.
  std::string address;
  /// How many nodes; absent to share those that are left.
  std::optional<node_id> count;
  /// Which nodes; empty if only their number counts.
  std::vector<node_id> nodes;
  /// Compute threads; 0 for what the host says.
  size_t threads = 0;
  /// GPUs; absent for what the host says.
  std::optional<size_t> gpus;
  /// "hosts.toml:4:1", for messages.
  std::string place;
};

/// The hosts of a run.
struct hosts_file {
  /// Where the head listens.
  endpoint listen;
  /// The folder with the head's identity.
  std::filesystem::path identity;
  /// How long the head waits for the hosts.
  std::chrono::nanoseconds wait = std::chrono::seconds{60};
  /// What lives on the head itself; absent if nothing does.
  std::optional<host_entry> head = host_entry{};
  std::vector<host_entry> hosts;

  /// What starts `join` on the hosts.
  enum class launch_kind : uint8_t { none, ssh };
  launch_kind launch = launch_kind::none;
  /// The command of ssh, without the host.
  std::vector<std::string> ssh{"ssh", "-o", "BatchMode=yes"};
  /// This program there.
  std::string program = "caps_runtime";
  /// The folder with a host's identity there; empty for the usual one.
  std::string remote_identity;

  /// All with nodes, by the numbers of their processes: the head first.
  std::vector<host_entry> all() const;
};

/// The port of a head, where none is given.
inline constexpr uint16_t head_port = 7470;

/// Reads a hosts file (TOML). Throws `input_error` with the place of what is
/// wrong.
hosts_file read_hosts_file(const std::filesystem::path& file);

/// Deals the nodes of a run out to hosts, in their order: those that are named
/// first, then so many as are asked for, then the rest evenly. Where only some
/// hosts have GPUs, those get all of the rest that they can have without leaving
/// others with no node, and they get nodes that train before servers. Throws
/// `input_error` if that cannot be.
///
/// @param servers nodes that do not train
placement place_nodes(const std::vector<host_entry>& hosts, node_id nodes,
                      const std::set<node_id>& servers = {});

} // namespace caps
