#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace caps {

// How a recording keeps vectors small. Numbers of the same sign lie in the
// order of their bits, so the difference of two near ones, taken between their
// bits, is a small integer: nothing but its low bytes is noise. All first bytes
// of these integers are put together, then all second ones, and so on, and zstd
// does the rest. Whatever the bytes mean, they come back as they were.

/// Bytes of a word that differences are taken of.
enum class word_size : uint8_t { four = 4, eight = 8 };

/// What differs in `bytes` from `base`, which is of the same size, or empty for
/// one that is all 0.
std::string pack(std::span<const std::byte> bytes,
                 std::span<const std::byte> base, word_size word);

/// The bytes that were packed, from the same base. Throws `data_error` if
/// these are no packed bytes, or of more than `bytes_max`.
std::string unpack(std::span<const std::byte> packed,
                   std::span<const std::byte> base, word_size word,
                   size_t bytes_max);

/// How far `bytes` are from a base of the same size, or from 0: about the bits
/// in which they differ, a fraction of all bits. Looks at some words alone.
double distance(std::span<const std::byte> bytes,
                std::span<const std::byte> base, word_size word);

} // namespace caps
