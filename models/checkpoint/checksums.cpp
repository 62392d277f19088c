#include "models/checkpoint/checksums.hpp"

#include <fmt/format.h>

#define XXH_STATIC_LINKING_ONLY // shows the size of a state
#include <xxhash.h>
#ifdef CAPS_XXHASH_DISPATCHES
#include <xxh_x86dispatch.h> // puts its variants in the place of XXH3
#endif

#include <algorithm>

namespace caps {

struct block_checksums::state {
  XXH3_state_t hash;
};

uint64_t checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

block_checksums::block_checksums() : state_(std::make_unique<state>()) {
  XXH3_64bits_reset(&state_->hash);
}

block_checksums::~block_checksums() = default;

void block_checksums::update(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    auto n = std::min(bytes.size(), checksum_block_bytes - filled_);
    XXH3_64bits_update(&state_->hash, bytes.data(), n);
    bytes = bytes.subspan(n);
    filled_ += n;
    if (filled_ == checksum_block_bytes)
      finish();
  }
}

void block_checksums::finish() {
  if (filled_ == 0)
    return;
  values_.push_back(XXH3_64bits_digest(&state_->hash));
  XXH3_64bits_reset(&state_->hash);
  filled_ = 0;
}

std::string checksum_text(uint64_t x) {
  return fmt::format("{:0{}x}", x, checksum_digits);
}

} // namespace caps
