#include "tests/support/catch.hpp"

#include "models/compression/packed_indices.hpp"
#include "models/compression/selection.hpp"
#include "models/errors.hpp"
#include "models/random_stream.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace {

using indices = std::vector<int32_t>;

/// Sorting everything: slow and plainly right.
indices largest_by_sorting(const at::Tensor& x, int64_t count) {
  auto wide = x.to(at::kDouble);
  auto p = wide.data_ptr<double>();
  auto key
    = [=](int32_t i) { return std::isnan(p[i]) ? INFINITY : std::abs(p[i]); };
  indices result(static_cast<size_t>(x.numel()));
  std::iota(result.begin(), result.end(), 0);
  std::stable_sort(result.begin(), result.end(),
                   [=](int32_t i, int32_t j) { return key(i) > key(j); });
  result.resize(static_cast<size_t>(count));
  std::sort(result.begin(), result.end());
  return result;
}

/// The same as the library finds them; their values must fit.
indices largest(const at::Tensor& x, int64_t count) {
  auto found = caps::largest_elements(x, count);
  auto at = at::tensor(found.indices, at::kLong);
  CHECK(
    at::equal(found.values.nan_to_num(7), x.index_select(0, at).nan_to_num(7)));
  return found.indices;
}

/// `n` elements `f(i)`.
at::Tensor vector_of(int64_t n, at::ScalarType type,
                     const std::function<double(int64_t)>& f) {
  auto result = at::empty({n}, at::kDouble);
  for (int64_t i = 0; i < n; ++i)
    result.data_ptr<double>()[i] = f(i);
  return result.to(type);
}

} // namespace

TEST_CASE("the largest elements are those that sorting finds", "[selection]") {
  auto type = GENERATE(at::kFloat, at::kDouble);
  caps::random_stream stream{7};
  // Below and above the size of the sample, no multiple of anything.
  for (int64_t n : {1, 15, 16, 17, 1000, 20'011, 100'003}) {
    auto even = vector_of(n, type, [&](int64_t) { return stream.normal(); });
    // Few different values: ties everywhere.
    auto coarse = vector_of(n, type, [&](int64_t) {
      return static_cast<double>(stream.below(7)) - 3;
    });
    // All that is large lies together, where an even sample hardly looks.
    auto clustered = vector_of(n, type, [&](int64_t i) {
      return i % 1000 < 10 ? 100 + stream.uniform() : 0;
    });
    for (const auto& x : {even, coarse, clustered})
      for (auto share : {0.0, 0.001, 0.01, 0.3, 0.97, 1.0}) {
        auto count = static_cast<int64_t>(share * static_cast<double>(n));
        INFO(n << " elements, share " << share);
        CHECK(largest(x, count) == largest_by_sorting(x, count));
      }
  }
}

TEST_CASE("a sample that misleads costs time only", "[selection]") {
  // Every element the sample looks at is large, or small, and no other.
  auto n = int64_t{1} << 18;
  for (auto sampled : {0.0, 5.0}) {
    auto x = vector_of(n, at::kFloat, [=](int64_t i) {
      return i % 16 == 0 ? sampled : 1 + static_cast<double>(i % 100) / 100;
    });
    for (int64_t count : {1, 1000, 100'000})
      CHECK(largest(x, count) == largest_by_sorting(x, count));
  }
}

TEST_CASE("among equals the first are the largest", "[selection]") {
  auto x = at::full({50'000}, -2.5, at::kFloat);
  indices first(100);
  std::iota(first.begin(), first.end(), 0);
  CHECK(largest(x, 100) == first);
  x[40'000] = 3;
  first.back() = 40'000;
  CHECK(largest(x, 100) == first);
}

TEST_CASE("NaN is larger than infinity", "[selection]") {
  auto x = vector_of(6, at::kFloat, [](int64_t i) {
    return std::vector<double>{1, -INFINITY, 0, NAN, 1e30, -0.0}.at(
      static_cast<size_t>(i));
  });
  CHECK(largest(x, 1) == indices{3});
  CHECK(largest(x, 2) == indices{1, 3});
  CHECK(largest(x, 5) == indices{0, 1, 2, 3, 4});
}

TEST_CASE("selection refuses what it cannot do", "[selection]") {
  CHECK_THROWS_WITH(caps::largest_elements(at::zeros({4}), 5),
                    contains("5 elements out of 4"));
  CHECK_THROWS_AS(caps::largest_elements(at::zeros({4}), -1), caps::error);
  CHECK_THROWS_WITH(caps::largest_elements(at::zeros({4}, at::kLong), 1),
                    contains("not of Long"));
  CHECK_THROWS_AS(caps::largest_elements(at::zeros({2, 2}), 1), caps::error);
  CHECK_THROWS_AS(caps::random_elements(1, 5, 4), caps::error);
  CHECK_THROWS_AS(caps::random_elements(1, 1, int64_t{1} << 31), caps::error);
}

TEST_CASE("random elements are a function of the seed", "[selection]") {
  // Fixed forever: sender and receiver may be different builds.
  CHECK(caps::random_elements(42, 5, 100) == caps::random_elements(42, 5, 100));
  CHECK(caps::random_elements(42, 5, 100) != caps::random_elements(43, 5, 100));
  CHECK(caps::random_elements(42, 5, 100) == indices{5, 19, 54, 76, 84});
  for (int64_t n : {1, 63, 64, 65, 1000}) {
    auto all = caps::random_elements(1, n, n);
    REQUIRE(static_cast<int64_t>(all.size()) == n);
    CHECK(all.back() == n - 1);
    CHECK(caps::random_elements(1, 0, n).empty());
  }
}

TEST_CASE("every subset is equally likely", "[selection]") {
  // All 10 pairs of 5 elements.
  constexpr uint64_t draws = 20'000;
  std::vector<int> seen(25);
  for (uint64_t seed = 0; seed < draws; ++seed) {
    auto pair = caps::random_elements(seed, 2, 5);
    REQUIRE(pair.size() == 2);
    REQUIRE(pair[0] < pair[1]);
    ++seen[static_cast<size_t>(pair[0] * 5 + pair[1])];
  }
  for (size_t i = 0; i < 5; ++i)
    for (size_t j = i + 1; j < 5; ++j)
      // Five standard deviations.
      CHECK(std::abs(seen[i * 5 + j] - 2000) < 5 * 43);
}

TEST_CASE("indices survive packing", "[selection]") {
  // Gaps at every change of length, up to the largest index there is.
  indices all{0,       1,         128,       129,     257,     16'641,   33'026,
              300'000, 2'397'152, 4'494'304, 8 << 20, 1 << 29, INT32_MAX};
  auto packed = caps::pack_indices(all);
  auto count = static_cast<int64_t>(all.size());
  CHECK(caps::unpack_indices(packed, count, int64_t{INT32_MAX} + 1) == all);
  CHECK_THROWS_WITH(caps::unpack_indices(packed, count, INT32_MAX),
                    contains("names element 2147483647"));
  CHECK(caps::pack_indices({}).numel() == 0);
  CHECK(caps::unpack_indices(at::empty({0}, at::kByte), 0, 0).empty());
  // One in a hundred: close to one byte each.
  indices sparse;
  for (int32_t i = 0; i < 100'000; i += 100)
    sparse.push_back(i);
  CHECK(caps::pack_indices(sparse).numel() == 1000);
}

TEST_CASE("damaged indices are refused", "[selection]") {
  auto bytes = [](std::vector<uint8_t> x) { return at::tensor(x, at::kByte); };
  auto check = [](const at::Tensor& x, int64_t count, int64_t numel) {
    caps::check_packed_indices(x, count, numel);
  };
  CHECK_NOTHROW(check(bytes({3, 0, 0x80, 1}), 3, 200));
  CHECK_THROWS_WITH(check(bytes({3, 0}), 3, 200), contains("at index 2 of 3"));
  CHECK_THROWS_WITH(check(bytes({3, 0x80}), 2, 200), contains("at index 1"));
  CHECK_THROWS_WITH(check(bytes({3, 0, 7}), 2, 200),
                    contains("1 bytes follow"));
  CHECK_THROWS_WITH(check(bytes({3, 7}), 2, 11), contains("names element 11"));
  CHECK_THROWS_WITH(
    check(bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), 1, 200),
    contains("run wild"));
  CHECK_THROWS_AS(check(bytes({0xff, 0xff, 0xff, 0xff, 0x7f}), 1, 1 << 30),
                  caps::error);
}
