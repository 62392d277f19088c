#include "runtime/recording/snapshot_packer.hpp"

namespace caps {

namespace {

/// Fewer bytes are kept as they are.
constexpr size_t packed_bytes_min = 256;

/// What nodes have in common is packed from this deep at most, so that there is
/// room for the differences from it.
constexpr int common_depth_max = 1;

} // namespace

snapshot_packer::result
snapshot_packer::pack(int64_t id, node_id node, const std::string& kind,
                      const std::string& content,
                      std::span<const std::byte> bytes) {
  snapshot_encoding how{content};
  if (bytes.size() < packed_bytes_min)
    return {how.text(),
            {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
  how.packed = true;
  auto& own = own_[{kind, node}];
  auto& common = common_[kind];
  const base* nearest = nullptr;
  auto least = distance(bytes, {}, how.word());
  for (const auto* candidate : {own.get(), common.get()}) {
    if (candidate == nullptr || candidate->depth >= snapshot_depth_max
        || candidate->bytes.size() != bytes.size())
      continue;
    if (auto x = distance(bytes, candidate->bytes, how.word()); x < least) {
      least = x;
      nearest = candidate;
    }
  }
  auto added = std::make_shared<base>();
  added->id = id;
  std::span<const std::byte> from;
  if (nearest != nullptr) {
    how.base = nearest->id;
    added->depth = nearest->depth + 1;
    from = nearest->bytes;
  }
  result x{how.text(), caps::pack(bytes, from, how.word())};
  added->bytes.assign(bytes.begin(), bytes.end());
  if (added->depth <= common_depth_max)
    keep(common, added);
  keep(own, added);
  return x;
}

void snapshot_packer::keep(base_ptr& place, const base_ptr& added) {
  // One that two places share counts twice, which errs on the safe side.
  auto freed = place ? place->bytes.size() : 0;
  if (bytes_kept_ - freed + added->bytes.size() > bytes_kept_max)
    return;
  bytes_kept_ += added->bytes.size() - freed;
  place = added;
}

} // namespace caps
