#include "runtime/run_file/packed_words.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <bit>
#include <cstring>

namespace caps {

namespace {

/// What lies in the low bytes is noise, which more effort makes no smaller.
constexpr int zstd_level = 1;

/// Words of which `distance` looks at one.
constexpr size_t words_per_sample = 16;

template <class Word>
constexpr Word sign_bit = Word{1} << (8 * sizeof(Word) - 1);

/// An integer that grows with the number whose bits these are.
template <class Word>
constexpr Word ordered(Word bits) {
  return (bits & sign_bit<Word>) != 0 ? ~bits : bits | sign_bit<Word>;
}

template <class Word>
constexpr Word unordered(Word x) {
  return (x & sign_bit<Word>) != 0 ? x & ~sign_bit<Word> : ~x;
}

/// Differences of either sign as small integers without one.
template <class Word>
constexpr Word folded(Word difference) {
  auto sign = (difference & sign_bit<Word>) != 0 ? ~Word{0} : Word{0};
  return (difference << 1) ^ sign;
}

template <class Word>
constexpr Word unfolded(Word x) {
  auto sign = (x & 1) != 0 ? ~Word{0} : Word{0};
  return (x >> 1) ^ sign;
}

template <class Word>
Word word_at(std::span<const std::byte> bytes, size_t i) {
  Word result = 0;
  if (!bytes.empty())
    std::memcpy(&result, bytes.data() + i * sizeof(Word), sizeof(Word));
  return result;
}

template <class Word>
Word difference_at(std::span<const std::byte> bytes,
                   std::span<const std::byte> base, size_t i) {
  return folded<Word>(ordered(word_at<Word>(bytes, i))
                      - ordered(word_at<Word>(base, i)));
}

/// The bytes of all differences, the first ones first; what is left over at
/// the end stays as it is.
template <class Word>
std::string to_planes(std::span<const std::byte> bytes,
                      std::span<const std::byte> base) {
  auto words = bytes.size() / sizeof(Word);
  std::string result(bytes.size(), '\0');
  for (size_t i = 0; i < words; ++i) {
    auto x = difference_at<Word>(bytes, base, i);
    for (size_t k = 0; k < sizeof(Word); ++k)
      result[k * words + i] = static_cast<char>(x >> (8 * k));
  }
  auto rest = words * sizeof(Word);
  if (rest < bytes.size())
    std::memcpy(result.data() + rest, bytes.data() + rest,
                bytes.size() - rest);
  return result;
}

template <class Word>
std::string from_planes(const std::string& planes,
                        std::span<const std::byte> base) {
  auto words = planes.size() / sizeof(Word);
  std::string result = planes;
  for (size_t i = 0; i < words; ++i) {
    Word x = 0;
    for (size_t k = 0; k < sizeof(Word); ++k)
      x |= static_cast<Word>(static_cast<unsigned char>(planes[k * words + i]))
           << (8 * k);
    x = unordered<Word>(ordered(word_at<Word>(base, i)) + unfolded(x));
    std::memcpy(result.data() + i * sizeof(Word), &x, sizeof(Word));
  }
  return result;
}

template <class Word>
double distance_of(std::span<const std::byte> bytes,
                   std::span<const std::byte> base) {
  auto words = bytes.size() / sizeof(Word);
  size_t bits = 0, samples = 0;
  for (size_t i = 0; i < words; i += words_per_sample, ++samples)
    bits += static_cast<size_t>(
      std::bit_width(difference_at<Word>(bytes, base, i)));
  return samples == 0 ? 0
                      : static_cast<double>(bits)
                          / static_cast<double>(8 * sizeof(Word) * samples);
}

} // namespace

std::string pack(std::span<const std::byte> bytes,
                 std::span<const std::byte> base, word_size word) {
  auto planes = word == word_size::four ? to_planes<uint32_t>(bytes, base)
                                        : to_planes<uint64_t>(bytes, base);
  std::string result(ZSTD_compressBound(planes.size()), '\0');
  auto size = ZSTD_compress(result.data(), result.size(), planes.data(),
                            planes.size(), zstd_level);
  if (ZSTD_isError(size) != 0)
    throw error(fmt::format("zstd cannot pack {} bytes: {}", planes.size(),
                            ZSTD_getErrorName(size)));
  result.resize(size);
  return result;
}

std::string unpack(std::span<const std::byte> packed,
                   std::span<const std::byte> base, word_size word,
                   size_t bytes_max) {
  auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
    throw data_error("it is no frame of zstd that tells its size");
  if (size > bytes_max)
    throw data_error(fmt::format("it unpacks to {} bytes, more than {}", size,
                                 bytes_max));
  if (!base.empty() && base.size() != size)
    throw data_error(fmt::format("it unpacks to {} bytes, but what it differs "
                                 "from has {}",
                                 size, base.size()));
  std::string planes(static_cast<size_t>(size), '\0');
  auto got = ZSTD_decompress(planes.data(), planes.size(), packed.data(),
                             packed.size());
  if (ZSTD_isError(got) != 0)
    throw data_error(
      fmt::format("zstd cannot unpack it: {}", ZSTD_getErrorName(got)));
  if (got != planes.size())
    throw data_error(
      fmt::format("it unpacks to {} bytes instead of {}", got, planes.size()));
  return word == word_size::four ? from_planes<uint32_t>(planes, base)
                                 : from_planes<uint64_t>(planes, base);
}

double distance(std::span<const std::byte> bytes,
                std::span<const std::byte> base, word_size word) {
  return word == word_size::four ? distance_of<uint32_t>(bytes, base)
                                 : distance_of<uint64_t>(bytes, base);
}

} // namespace caps
