#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace caps {

/// A small random number generator (xoshiro256**, Blackman and Vigna 2021)
/// for everything outside tensors: shuffles, partitions, delays, drops. Its
/// results depend on the seed alone, not on the standard library, and its
/// state is four words that a snapshot can hold.
///
/// Every consumer owns a stream of its own, named by (seed, node, purpose), so
/// that drawing from one never shifts another.
class random_stream {
public:
  using state = std::array<uint64_t, 4>;

  explicit random_stream(uint64_t seed);

  /// The stream of `purpose` ("shuffle", "link 3", ...) of a node; node -1 is
  /// the run itself.
  random_stream(uint64_t seed, int64_t node, std::string_view purpose);

  /// The next 64 random bits.
  uint64_t next();

  /// Uniform in [0, 1), 53 bits.
  double uniform();

  /// Uniform in [0, bound) without bias; @pre bound > 0.
  uint64_t below(uint64_t bound);

  /// Normal with mean 0 and standard deviation 1 (Marsaglia's polar method).
  double normal();

  /// Gamma with the given shape and scale 1 (Marsaglia and Tsang 2000);
  /// @pre shape > 0.
  double gamma(double shape);

  /// Permutes `xs` uniformly (Fisher-Yates).
  template <class T>
  void shuffle(std::span<T> xs) {
    for (auto i = xs.size(); i > 1; --i)
      std::swap(xs[i - 1], xs[below(i)]);
  }

  const state& save() const noexcept { return state_; }
  void restore(const state& x) noexcept { state_ = x; }

private:
  state state_;
};

/// A seed for the stream of `purpose` of a node, for generators that are not
/// `random_stream` (LibTorch's).
uint64_t derive_seed(uint64_t seed, int64_t node, std::string_view purpose);

} // namespace caps
