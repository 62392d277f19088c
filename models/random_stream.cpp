#include "models/random_stream.hpp"

#include <bit>
#include <cmath>

namespace caps {

namespace {

// splitmix64 (Steele, Lea and Flood 2014): spreads one word over a state.
uint64_t split_mix(uint64_t& x) {
  x += 0x9e3779b97f4a7c15u;
  auto z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

} // namespace

uint64_t derive_seed(uint64_t seed, int64_t node, std::string_view purpose) {
  auto hash = uint64_t{0xcbf29ce484222325u}; // FNV-1a over the purpose
  for (auto c : purpose)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  auto x = seed;
  auto result = split_mix(x);
  x ^= static_cast<uint64_t>(node) * 0xd6e8feb86659fd93u;
  result ^= split_mix(x);
  x ^= hash;
  return result ^ split_mix(x);
}

random_stream::random_stream(uint64_t seed) : state_{} {
  for (auto& word : state_)
    word = split_mix(seed);
}

random_stream::random_stream(uint64_t seed, int64_t node,
                             std::string_view purpose)
  : random_stream(derive_seed(seed, node, purpose)) {
}

uint64_t random_stream::next() {
  auto result = std::rotl(state_[1] * 5, 7) * 9;
  auto t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double random_stream::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

uint64_t random_stream::below(uint64_t bound) {
  // Rejects the incomplete last block of the 64-bit range.
  auto rejected = (0 - bound) % bound;
  for (;;) {
    auto x = next();
    if (x >= rejected)
      return x % bound;
  }
}

double random_stream::normal() {
  for (;;) {
    auto u = 2 * uniform() - 1;
    auto v = 2 * uniform() - 1;
    auto s = u * u + v * v;
    if (s > 0 && s < 1)
      return u * std::sqrt(-2 * std::log(s) / s);
  }
}

double random_stream::gamma(double shape) {
  if (shape < 1) {
    auto u = uniform();
    while (u == 0)
      u = uniform();
    return gamma(shape + 1) * std::pow(u, 1 / shape);
  }
  auto d = shape - 1.0 / 3;
  auto c = 1 / std::sqrt(9 * d);
  for (;;) {
    auto x = normal();
    auto v = 1 + c * x;
    if (v <= 0)
      continue;
    v = v * v * v;
    auto u = uniform();
    if (u > 0 && std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v))
      return d * v;
  }
}

} // namespace caps
