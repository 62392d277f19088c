#pragma once

#include "messages/fwd.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace caps {

/// Makes snapshots small before they are written: each is packed as its
/// differences from an earlier one. That is the last one of its node, or one
/// that the nodes have in common, whichever is nearer; or none where that is
/// better. What it makes depends on nothing but the snapshots and their order.
class snapshot_packer {
public:
  /// Bytes of earlier snapshots that are kept in memory. Those of nodes that do
  /// not fit in are packed without.
  static constexpr size_t bytes_kept_max = size_t{128} << 20;

  struct result {
    std::string encoding;
    std::string bytes;
  };

  /// Packs the snapshot that will have the number `id`.
  result pack(int64_t id, node_id node, const std::string& kind,
              const std::string& content, std::span<const std::byte> bytes);

private:
  /// An earlier snapshot.
  struct base {
    int64_t id = 0;
    /// How many it takes to unpack it.
    int depth = 0;
    std::vector<std::byte> bytes;
  };

  using base_ptr = std::shared_ptr<const base>;

  void keep(base_ptr& place, const base_ptr& added);

  std::map<std::pair<std::string, node_id>, base_ptr> own_;
  /// By kind.
  std::map<std::string, base_ptr> common_;
  size_t bytes_kept_ = 0;
};

} // namespace caps
