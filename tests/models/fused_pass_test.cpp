#include "tests/support/catch.hpp"

#include "models/fused_pass.hpp"
#include "models/norms.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

namespace {

/// Around the lengths of vector registers, blocks and quarters.
const std::vector<int64_t> lengths{
  0,    1,    15,           16,   33,    2047,   2048,    2049,
  8192, 8193, 4 * 2048 + 5, 9999, 99999, 131072, 3 * 2048};

at::Tensor wave(int64_t n, at::ScalarType dtype) {
  return at::arange(n, at::kDouble).mul(0.37).sin().to(dtype);
}

} // namespace

TEST_CASE("a pass reaches every element of its range", "[fused_pass]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  for (auto n : lengths) {
    auto x = at::zeros({n + 7}, dtype);
    caps::fused_pass({3, n}, caps::into(x), caps::from(x),
                     [c = caps::coefficient{1}](auto a) { return a + c; });
    CHECK(x.to(at::kDouble).sum().item<double>() == static_cast<double>(n));
    CHECK(at::equal(x.slice(0, 0, 3), at::zeros({3}, dtype)));
    CHECK(at::equal(x.slice(0, n + 3), at::zeros({4}, dtype)));
  }
}

TEST_CASE("the instruction set does not change results", "[fused_pass]") {
  // The test is compiled for the oldest machines.
  constexpr int64_t n = 3001;
  caps::coefficient c = 0.3;
  auto rule = [=](auto a, auto b, auto d) {
    using std::sqrt;
    auto product = c * a + b * d;
    return std::make_tuple(product / (sqrt(a * a + b * b) + c),
                           d - c * (product * product));
  };
  auto check = [&](auto example) {
    using element = decltype(example);
    auto dtype = c10::CppTypeToScalarType<element>::value;
    auto a = wave(n, dtype), b = a.add(0.7).sin(), d = a.add(1.9).sin();
    auto x = at::zeros({n}, dtype), y = at::zeros({n}, dtype);
    caps::fused_pass(caps::into(x, y), caps::from(a, b, d), rule);
    auto at
      = [](const at::Tensor& t, int64_t i) { return t.data_ptr<element>()[i]; };
    for (int64_t i = 0; i < n; ++i) {
      auto [u, v] = rule(at(a, i), at(b, i), at(d, i));
      REQUIRE(at(x, i) == u);
      REQUIRE(at(y, i) == v);
    }
  };
  check(float{});
  check(double{});
}

TEST_CASE("a pass counts as an operation in place", "[fused_pass]") {
  auto dtype = GENERATE(at::kFloat, at::kHalf);
  auto x = at::zeros({5}, dtype);
  auto y = at::zeros({5}, dtype);
  auto version = x._version();
  auto other = y._version();
  caps::fused_pass(caps::into(x), caps::from(y), [](auto a) { return a; });
  CHECK(x._version() > version);
  CHECK(y._version() == other);
}

TEST_CASE("counts are exact", "[fused_pass]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  for (auto n : lengths) {
    auto x = at::zeros({n}, dtype);
    auto y = x.clone();
    y.slice(0, 0, n, 3).add_(1);
    CHECK(caps::fused_count({0, n}, caps::from(x, y),
                            [](auto a, auto b) { return a != b; })
          == (n + 2) / 3);
  }
}

TEST_CASE("a pass over ranges counts in each of them", "[fused_pass]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  for (auto n : lengths) {
    auto x = at::zeros({n + 5}, dtype);
    x.slice(0, 0, n + 5, 3).add_(1);
    auto y = x.clone();
    // Element n + 4 belongs to none.
    std::vector<caps::element_range> ranges{{1, n}, {0, 1}, {n + 1, 3}, {7, 0}};
    if (n < 7)
      ranges.pop_back();
    std::vector<int64_t> counts;
    caps::counting_pass(
      ranges, caps::into(y), caps::from(y),
      [](auto a) {
        return std::tuple{a + a, a != a + a};
      },
      [&](size_t k, int64_t count) {
        CHECK(k == counts.size());
        counts.push_back(count);
      });
    auto ones = [&](int64_t first, int64_t numel) {
      return x.narrow(0, first, numel).to(at::kDouble).sum().item<double>();
    };
    REQUIRE(counts.size() == ranges.size());
    for (size_t k = 0; k < ranges.size(); ++k)
      CHECK(static_cast<double>(counts[k])
            == ones(ranges[k].offset, ranges[k].numel));
    auto expected = x + x;
    expected[n + 4] = x[n + 4];
    CHECK(at::equal(y, expected));
  }
}

TEST_CASE("norms are right at any length", "[fused_pass]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  for (auto n : lengths) {
    auto x = at::full({n + 4}, 100, dtype);
    x.slice(0, 3, n + 3).copy_(wave(n, dtype));
    auto exact = x.slice(0, 3, n + 3).to(at::kDouble).norm().item<double>();
    CHECK(caps::norm(x, {3, n})
          == Approx(exact).epsilon(dtype == at::kDouble  ? 1e-12
                                   : dtype == at::kFloat ? 1e-6
                                                         : 1e-2));
  }
}

TEST_CASE("a norm taken in passing has the same bits", "[fused_pass]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble);
  for (auto n : lengths) {
    auto x = wave(n + 3, dtype);
    auto plain = at::zeros({n + 3}, dtype);
    auto watched = plain.clone();
    auto rule = [c = caps::coefficient{0.3}](auto a) { return c * a; };
    caps::element_range range{3, n};
    caps::fused_pass(range, caps::into(plain), caps::from(x), rule);
    caps::running_norm running{range};
    auto version = watched._version();
    caps::for_each_block(watched, range, [&](caps::element_range block) {
      running.fused_pass(block, caps::into(watched), caps::from(x), rule);
    });
    CHECK(at::equal(plain, watched));
    CHECK(running.result() == caps::norm(plain, range));
    CHECK((n == 0 || watched._version() > version));
  }
}
