#include "tests/support/catch.hpp"

#include "models/consensus/change_detection.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

using percents = std::vector<double>;

namespace {

caps::parameter_layout example_layout() {
  caps::parameter_layout result;
  result.add("a", {10'000}, caps::parameter_kind::weight);
  result.add("b", {10}, caps::parameter_kind::weight);
  result.add("c", {4}, caps::parameter_kind::weight);
  return result;
}

/// Adds `x` to every `every`-th element.
at::Tensor changed(const at::Tensor& before, int64_t every, double x) {
  auto result = before.clone();
  result.slice(0, 0, result.numel(), every).add_(x);
  return result;
}

at::Tensor numbers(at::ScalarType dtype) {
  return at::arange(10'014, at::kDouble).mul(0.001).to(dtype);
}

} // namespace

TEST_CASE("regions cover every layer", "[change_detection]") {
  auto layers = caps::change_regions(example_layout());
  REQUIRE(layers.size() == 3);
  CHECK(layers[1].offset == 10'000);
  CHECK(layers[1].numel == 10);
  auto blocks = caps::change_regions(example_layout(), 4096);
  REQUIRE(blocks.size() == 5);
  CHECK(blocks[2].offset == 8192);
  CHECK(blocks[2].numel == 10'000 - 8192);
  CHECK(blocks[3].offset == 10'000);
  CHECK_THROWS_AS(caps::change_regions(example_layout(), -1),
                  caps::input_error);
}

TEST_CASE("exact detection counts equal elements", "[change_detection]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  auto regions = caps::change_regions(example_layout());
  auto before = numbers(dtype);
  CHECK(caps::unchanged_percent(before, before, regions)
        == percents{100, 100, 100});
  auto now = changed(before, 4, 1);
  // Multiples of 4: 2500 of the first layer, 10000, 10004, 10008; 10012.
  CHECK(caps::unchanged_percent(now, before, regions) == percents{75, 70, 75});
}

TEST_CASE("rounding hides small changes", "[change_detection]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble);
  auto regions = caps::change_regions(example_layout());
  auto before = numbers(dtype);
  auto now = changed(before, 1, 0.0002);
  CHECK(caps::unchanged_percent(now, before, regions) == percents{0, 0, 0});
  CHECK(caps::unchanged_percent(now, before, regions, 3)
        == percents{100, 100, 100});
  CHECK(caps::unchanged_percent(now, before, regions, 4) == percents{0, 0, 0});
  auto zero = at::zeros_like(before);
  auto small = at::full_like(before, 0.0004);
  CHECK(caps::unchanged_percent(small, zero, regions, 3)
        == percents{100, 100, 100});
  CHECK(caps::unchanged_percent(small, zero, regions, 3.3)
        == percents{0, 0, 0});
  for (auto digits : {-1.0, -0.1, 15.1, 16.0, double{NAN}})
    CHECK_THROWS_AS(caps::unchanged_percent(now, before, regions, digits),
                    caps::input_error);
}

TEST_CASE("NaN is never unchanged", "[change_detection]") {
  auto regions = caps::change_regions(example_layout());
  auto x = numbers(at::kFloat);
  x[10'001] = NAN;
  for (auto digits : {caps::rounding_digits{}, caps::rounding_digits{2}})
    CHECK(caps::unchanged_percent(x, x, regions, digits)
          == percents{100, 90, 100});
}

TEST_CASE("samples stand for their layer", "[change_detection]") {
  auto dtype = GENERATE(at::kFloat, at::kHalf);
  auto regions = caps::change_regions(example_layout());
  caps::random_stream stream{5};
  auto samples = caps::random_samples(regions, 0.25, stream);
  REQUIRE(samples.size() == 3);
  CHECK(samples[0].size() == 2500);
  CHECK(samples[1].size() == 2);
  CHECK(samples[2].size() == 1);
  for (size_t k = 0; k < 3; ++k) {
    // Ascending without repetition, within the layer.
    for (size_t i = 1; i < samples[k].size(); ++i)
      REQUIRE(samples[k][i - 1] < samples[k][i]);
    CHECK(samples[k].front() >= regions[k].offset);
    CHECK(samples[k].back() < regions[k].offset + regions[k].numel);
  }
  auto before = numbers(dtype);
  auto estimate
    = caps::unchanged_percent(changed(before, 4, 1), before, samples)[0];
  CHECK(std::abs(estimate - 75) < 3); // standard deviation 0.75
  CHECK(estimate != 75);
  auto none = caps::random_samples(regions, 0.01, stream);
  CHECK(caps::unchanged_percent(before, before, none) == percents{100, 0, 0});
  for (auto share : {-0.1, 1.1, std::nan("")})
    CHECK_THROWS_AS(caps::random_samples(regions, share, stream),
                    caps::input_error);
}

TEST_CASE("samples are uniform", "[change_detection]") {
  std::vector<caps::element_range> regions{{100, 5}};
  caps::random_stream stream{3};
  std::vector<int> hits(5);
  for (int i = 0; i < 5000; ++i) {
    auto sample = caps::random_samples(regions, 0.4, stream)[0];
    for (auto index : sample)
      ++hits[static_cast<size_t>(index - 100)];
  }
  for (auto x : hits)
    CHECK(std::abs(x - 2000) < 150);
}

TEST_CASE("history finds the elements that move", "[change_detection]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  auto regions = caps::change_regions(example_layout());
  auto before = at::zeros({10'014}, dtype);
  auto counts = at::zeros({10'014}, at::kInt);
  for (int step = 1; step <= 3; ++step) {
    // Every 5th moves in each step, every 3rd once.
    auto now = changed(before, 5, 1);
    if (step == 2)
      now = changed(now, 3, 1);
    caps::count_changes(now, before, {}, counts);
    before = now;
  }
  CHECK(counts[0].item<int>() == 3);
  CHECK(counts[5].item<int>() == 3);
  CHECK(counts[3].item<int>() == 1);
  CHECK(counts[1].item<int>() == 0);
  auto samples = caps::most_changed_samples(counts, regions, 0.4);
  // 10000 and 10005 moved most, then 10002 and 10008 (multiples of 3).
  CHECK(samples[1] == std::vector<int64_t>{10'000, 10'002, 10'005, 10'008});
  CHECK(samples[2] == std::vector<int64_t>{10'010});
  CHECK(caps::unchanged_percent(changed(before, 5, 1), before, samples)[1]
        == 50);
}

TEST_CASE("a skipped region is sent as soon as it moved enough",
          "[change_detection]") {
  std::vector<caps::element_range> regions{{0, 2}, {2, 2}};
  auto held = at::zeros({4}, at::kDouble);
  auto now = held.clone();
  int sent_after = 0;
  // Creeps by less than the rounding shows; what was sent last is compared.
  for (int step = 1; step <= 20 && sent_after == 0; ++step) {
    now.slice(0, 2, 4).add_(0.01);
    auto unchanged = caps::unchanged_percent(now, held, regions, 1);
    auto sent = caps::regions_to_send(unchanged, 50);
    CHECK_FALSE(sent[0]);
    for (auto [first, numel] : caps::chosen_ranges(regions, sent))
      held.narrow(0, first, numel).copy_(now.narrow(0, first, numel));
    if (sent[1])
      sent_after = step;
  }
  CHECK(sent_after == 6); // 0.06 rounds to 0.1
  CHECK(at::equal(held, now));
}

TEST_CASE("what arrives in 16 bits is compared", "[change_detection]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble);
  auto digits = GENERATE(caps::rounding_digits{}, caps::rounding_digits{5});
  std::vector<caps::element_range> regions{{0, 2}, {2, 2}};
  auto before = at::ones({4}, dtype);
  // Numbers of half precision lie 2^-10 apart from 1 on.
  auto now
    = at::tensor({1.0, 1 + 0x1p-12, 1 + 0x1p-10, 1 + 0x1p-11}, at::kDouble)
        .to(dtype);
  auto half = caps::arrival::half;
  CHECK(caps::unchanged_percent(now, before, regions, digits)
        == percents{50, 0});
  CHECK(caps::unchanged_percent(now, before, regions, digits, half)
        == percents{100, 50});
  caps::element_samples samples{{1}, {2}, {3}};
  CHECK(caps::unchanged_percent(now, before, samples, digits, half)
        == percents{100, 0, 100});
  auto counts = at::zeros({4}, at::kInt);
  caps::count_changes(now, before, digits, counts, half);
  CHECK(at::equal(counts, at::tensor({0, 0, 1, 0}, at::kInt)));
}

TEST_CASE("the threshold itself is not sent", "[change_detection]") {
  percents unchanged{89.9, 90, 90.1};
  CHECK(caps::regions_to_send(unchanged, 90)
        == std::vector<bool>{true, false, false});
}

TEST_CASE("chosen regions that touch are one range", "[change_detection]") {
  std::vector<caps::element_range> regions{{0, 4}, {4, 3}, {7, 1}, {9, 2}};
  auto ranges = caps::chosen_ranges(regions, {true, true, false, true});
  REQUIRE(ranges.size() == 2);
  CHECK((ranges[0].offset == 0 && ranges[0].numel == 7));
  CHECK((ranges[1].offset == 9 && ranges[1].numel == 2));
  ranges = caps::chosen_ranges(regions, {false, false, true, true});
  REQUIRE(ranges.size() == 2); // element 8 lies between
  CHECK(caps::chosen_ranges(regions, std::vector<bool>(4)).empty());
}

TEST_CASE("what is not sent adds up, and so does what it would change",
          "[change_detection]") {
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  auto digits = GENERATE(caps::rounding_digits{}, caps::rounding_digits{2});
  if (dtype == at::kHalf && digits)
    return; // LibTorch does not round these on every device
  auto block = GENERATE(0, 7);
  auto regions = caps::change_regions(example_layout(), block);
  auto weights = numbers(dtype);
  auto gradient = changed(at::zeros_like(weights), 3, 1);
  auto unsent = changed(at::zeros_like(weights), 2, 0.5);
  for (int step = 0; step < 3; ++step) {
    auto sum = unsent + gradient;
    auto after = weights + -0.25 * sum;
    auto version = unsent._version();
    auto found
      = caps::add_unsent(unsent, {gradient, weights, 0.25}, regions, digits);
    CHECK(at::equal(unsent, sum));
    CHECK(unsent._version() > version);
    CHECK(found == caps::unchanged_percent(after, weights, regions, digits));
    CHECK(found.front() > 0);
    CHECK(found.front() < 100);
  }
}

TEST_CASE("detection refuses vectors that do not fit", "[change_detection]") {
  auto regions = caps::change_regions(example_layout());
  auto x = numbers(at::kFloat);
  auto other = at::zeros({7}, at::kFloat);
  CHECK_THROWS_AS(caps::unchanged_percent(x, other, regions), caps::error);
  CHECK_THROWS_AS(caps::unchanged_percent(other, other, regions), caps::error);
  CHECK_THROWS_AS(caps::count_changes(x, x, {}, x), caps::error);
  CHECK_THROWS_AS(caps::most_changed_samples(x, regions, 1), caps::error);
  CHECK_THROWS_AS(caps::chosen_ranges(regions, {true}), caps::error);
  CHECK_THROWS_AS(caps::add_unsent(x, {x, other, 1}, regions), caps::error);
}
