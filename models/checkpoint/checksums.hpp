#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace caps {

/// Bytes that share one checksum: small enough to tell where a file is
/// damaged, large enough to cost next to nothing.
inline constexpr size_t checksum_block_bytes = 65536;

/// XXH3, 64 bits.
uint64_t checksum(std::span<const std::byte> bytes);

/// Cuts a stream of bytes into blocks and takes the checksum of each.
class block_checksums {
public:
  block_checksums();
  ~block_checksums();

  block_checksums(const block_checksums&) = delete;
  block_checksums& operator=(const block_checksums&) = delete;

  void update(std::span<const std::byte> bytes);

  /// Closes the last, shorter block; @pre nothing is added afterwards.
  void finish();

  /// The checksums of all blocks that are complete.
  const std::vector<uint64_t>& values() const noexcept { return values_; }

private:
  struct state;

  std::unique_ptr<state> state_;
  size_t filled_ = 0;
  std::vector<uint64_t> values_;
};

/// Length of a checksum as text: hexadecimal, lower case, leading zeros kept.
inline constexpr size_t checksum_digits = 16;

std::string checksum_text(uint64_t x);

} // namespace caps
