#include "tests/support/catch.hpp"

#include "models/consensus/averaging.hpp"
#include "models/errors.hpp"
#include "models/fused_pass.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <vector>

namespace {

// Longer than a block and no multiple of one.
constexpr int64_t n = caps::fused_block_numel * 2 + 77;

std::vector<at::Tensor> powers_of_two(size_t count, at::ScalarType dtype) {
  std::vector<at::Tensor> result;
  for (size_t j = 0; j < count; ++j)
    result.push_back(at::full({n}, static_cast<double>(1 << j), dtype));
  return result;
}

} // namespace

TEST_CASE("averaging sums any number of neighbours", "[averaging]") {
  auto count = GENERATE(0u, 1u, 2u, 3u, 4u, 5u, 9u);
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kBFloat16);
  auto received = powers_of_two(count, dtype);
  std::vector<double> shares(count, 0.5);
  auto w = at::full({n}, 100, dtype);
  auto expected = 25 + 0.5 * ((1 << count) - 1);
  auto next = at::zeros_like(w);
  caps::average(w, 0.25, received, shares, next);
  if (dtype != at::kBFloat16) {
    CHECK(at::equal(next, at::full({n}, expected, dtype)));
  } else {
    CHECK(at::allclose(next.to(at::kDouble),
                       at::full({n}, expected, at::kDouble), 0.01));
  }
  caps::average(w, 0.25, received, shares, w);
  CHECK(at::equal(w, next));
}

TEST_CASE("uniform averaging of equals changes nothing", "[averaging]") {
  auto w = at::full({n}, 3.5, at::kDouble);
  std::vector<at::Tensor> received{w.clone(), w.clone(), w.clone()};
  auto next = at::empty_like(w);
  caps::average_uniformly(w, received, next);
  CHECK(at::equal(w, next));
}

TEST_CASE("averaging leaves the share of the unheard to the node",
          "[averaging]") {
  auto w = at::full({n}, 8.0, at::kDouble);
  std::vector<at::Tensor> received{at::full({n}, 4.0, at::kDouble),
                                   at::full({n}, 100.0, at::kDouble),
                                   at::full({n}, 16.0, at::kDouble)};
  std::vector<double> shares{0.25, 0.25, 0.125};
  auto next = at::empty_like(w);
  caps::average_fresh(w, received, {true, false, true}, shares, next);
  CHECK(at::equal(next, at::full({n}, 0.625 * 8 + 1 + 2, at::kDouble)));
  caps::average_fresh(w, received, {false, false, false}, shares, next);
  CHECK(at::equal(next, w));
}

TEST_CASE("averaging by mass is what push-sum does", "[averaging]") {
  auto w = at::full({n}, 8.0, at::kDouble);
  std::vector<at::Tensor> received{at::full({n}, 4.0, at::kDouble),
                                   at::full({n}, 100.0, at::kDouble)};
  std::vector<double> masses{1.5, 7};
  auto next = at::empty_like(w);
  caps::average_masses(w, 0.5, received, {true, false}, masses, next);
  CHECK(at::equal(next, at::full({n}, (0.5 * 8 + 1.5 * 4) / 2, at::kDouble)));
}

TEST_CASE("averaging refuses vectors that do not fit", "[averaging]") {
  auto w = at::full({4}, 1.0, at::kFloat);
  std::vector<at::Tensor> longer{at::full({5}, 1.0, at::kFloat)};
  std::vector<at::Tensor> shorter{at::full({3}, 1.0, at::kFloat)};
  std::vector<at::Tensor> doubles{at::full({4}, 1.0, at::kDouble)};
  for (const auto& received : {shorter, longer, doubles})
    CHECK_THROWS_AS(caps::average_uniformly(w, received, w), caps::error);
  std::vector<double> two{0.5, 0.5};
  std::vector<at::Tensor> one{w.clone()};
  CHECK_THROWS_AS(caps::average(w, 0.5, one, two, w), caps::error);
}
