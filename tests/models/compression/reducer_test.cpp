#include "tests/support/catch.hpp"

#include "tests/support/set_options.hpp"

#include "models/compression/packed_ranges.hpp"
#include "models/compression/reducer.hpp"
#include "models/consensus/change_detection.hpp"
#include "models/consensus/skip_threshold.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <array>
#include <cmath>

namespace {

using caps::element_range;
using caps::test::option_values;

/// 1000 + 20 + 300 elements.
const caps::parameter_layout& layout() {
  static const auto result = [] {
    caps::parameter_layout x;
    x.add("a", {100, 10}, caps::parameter_kind::weight);
    x.add("b", {20}, caps::parameter_kind::bias);
    x.add("c", {300}, caps::parameter_kind::weight);
    return x;
  }();
  return result;
}

std::unique_ptr<caps::reducer> make(std::string_view name,
                                    option_values options = {}) {
  caps::random_stream stream{3};
  auto recipe = caps::test::configured(caps::built_in_reducers(), name,
                                       std::move(options));
  recipe->check();
  return recipe->make(layout(), stream);
}

/// Options of caps that keep the threshold where it is.
option_values fixed(double digits, double threshold, option_values more = {}) {
  more.insert({{"round_factor", digits},
               {"unchange_rate", threshold},
               {"adjust_rate", 0.0}});
  return more;
}

at::Tensor normal_vector(double scale, caps::random_stream& stream) {
  auto result = at::zeros({layout().numel()}, at::kDouble);
  for (int64_t i = 0; i < result.numel(); ++i)
    result.data_ptr<double>()[i] = scale * stream.normal();
  return result;
}

at::Tensor decompressed(const caps::compressed_vector& x) {
  auto result = at::full({x.numel}, 77, at::kDouble);
  caps::decompress(x, result);
  return result;
}

double largest(const at::Tensor& x) {
  return x.abs().max().item().toDouble();
}

} // namespace

TEST_CASE("ranges survive packing", "[reducer]") {
  std::vector<element_range> ranges{{3, 1}, {4, 2}, {200, 1'000'000}};
  auto bytes = caps::pack_ranges(ranges);
  auto read = caps::unpack_ranges(bytes, 1'000'200);
  REQUIRE(read.size() == 2); // neighbours become one
  CHECK((read[0].offset == 3 && read[0].numel == 3));
  CHECK((read[1].offset == 200 && read[1].numel == 1'000'000));
  CHECK(caps::unpack_ranges(caps::pack_ranges({}), 0).empty());
  CHECK_THROWS_WITH(caps::unpack_ranges(bytes, 1'000'199), contains("range 1"));
  auto cut_off = bytes.narrow(0, 0, bytes.numel() - 1);
  CHECK_THROWS_WITH(caps::unpack_ranges(cut_off, 1'000'200),
                    contains("in the middle"));
  auto of = [](std::vector<int> x) { return at::tensor(x, at::kByte); };
  CHECK_THROWS_WITH(caps::unpack_ranges(of({2, 0}), 10), contains("range 0"));
  CHECK_THROWS_WITH(caps::unpack_ranges(of(std::vector<int>(12, 255)), 10),
                    contains("run wild"));
}

TEST_CASE("caps skips the parts of a gradient that the rule says",
          "[reducer]") {
  auto block = GENERATE(0, 64);
  auto residual = GENERATE(true, false);
  auto parts = caps::change_regions(layout(), block);
  caps::random_stream stream{8};
  auto sender = make(
    "caps", fixed(3, 60, {{"block", int64_t{block}}, {"residual", residual}}));
  auto weights = normal_vector(1, stream);
  auto unsent = at::zeros_like(weights);
  int skipped = 0, sent_parts = 0;
  for (int step = 0; step < 12; ++step) {
    // Every third of the elements moves in every third step.
    auto gradient = normal_vector(0.02, stream);
    gradient.narrow(0, 1020, 300).mul_(step % 3 == 0 ? 1 : 0.01);
    unsent = residual ? unsent + gradient : gradient.clone();
    auto after = weights - 0.05 * unsent;
    auto sent = caps::regions_to_send(
      caps::unchanged_percent(after, weights, parts, 3), 60);
    auto expected = at::zeros_like(weights);
    for (size_t k = 0; k < parts.size(); ++k) {
      ++(sent[k] ? sent_parts : skipped);
      if (!sent[k])
        continue;
      auto [first, numel] = parts[k];
      expected.narrow(0, first, numel).copy_(unsent.narrow(0, first, numel));
      unsent.narrow(0, first, numel).zero_();
    }
    auto message = sender->reduce_gradient({gradient, weights, 0.05}, stream);
    REQUIRE(at::equal(decompressed(message), expected));
    weights = weights - 0.05 * expected;
  }
  CHECK(skipped > 5);
  CHECK(sent_parts > 5);
}

TEST_CASE("what caps left out of gradients is sent later", "[reducer]") {
  caps::random_stream stream{8};
  auto sender = make("caps", fixed(2, 50, {{"block", int64_t{16}}}));
  auto weights = normal_vector(1, stream);
  auto due = at::zeros_like(weights);
  auto received = at::zeros_like(weights);
  for (int step = 0; step < 20; ++step) {
    auto gradient = normal_vector(1, stream);
    due += gradient;
    // A large step changes everything.
    auto rate = step == 19 ? 1000 : 0.001;
    received += decompressed(
      sender->reduce_gradient({gradient, weights, rate}, stream));
    if (step == 18)
      CHECK(largest(due - received) > 0.1);
  }
  CHECK(largest(due - received) < 1e-12 * largest(due));
  // The last vector was sent whole, those before were not.
  const auto& record = sender->record();
  CHECK(record.bytes == 20 * 1320 * 8);
  CHECK(record.bytes_sent < record.bytes / 2);
  CHECK(record.bytes_sent > record.bytes / 20);
}

TEST_CASE("what caps rounded off gradients is sent later", "[reducer]") {
  caps::random_stream stream{8};
  auto half = [](double threshold) {
    return make(
      "caps", fixed(2, threshold,
                    {{"block", int64_t{16}}, {"values", std::string{"half"}}}));
  };
  auto sender = half(50);
  auto weights = normal_vector(1, stream);
  auto due = at::zeros_like(weights);
  auto received = at::zeros_like(weights);
  constexpr int steps = 40;
  for (int step = 0; step < steps; ++step) {
    auto gradient = normal_vector(1, stream);
    due += gradient;
    auto rate = step == steps - 1 ? 1000 : 0.001;
    auto message = sender->reduce_gradient({gradient, weights, rate}, stream);
    CHECK(message.values.scalar_type() == at::kHalf);
    received += decompressed(message);
  }
  // The last vector was sent whole: what is missing is what it was rounded by.
  auto largest_sent = 10 * std::sqrt(steps);
  CHECK(largest(due - received) < 0x1p-11 * largest_sent);
  CHECK(largest(due - received) > 0);
  const auto& record = sender->record();
  CHECK(record.bytes == steps * 1320 * 8);
  CHECK(record.bytes_sent < record.bytes / 8);
  // Without the residual, forty roundings would have added up.
  auto all = half(100);
  double rounded_off = 0;
  for (int step = 0; step < steps; ++step) {
    auto gradient = at::full_like(weights, 1 + 0x1p-12);
    rounded_off += 0x1p-12;
    rounded_off -= largest(
      decompressed(all->reduce_gradient({gradient, weights, 1000}, stream))
      - 1);
  }
  CHECK(std::abs(rounded_off) <= 0x1p-11);
}

TEST_CASE("caps counts as unchanged what 16 bits cannot tell apart",
          "[reducer]") {
  caps::random_stream stream{4};
  auto residual = GENERATE(true, false);
  auto sender = make(
    "caps",
    fixed(-1, 100, {{"values", std::string{"half"}}, {"residual", residual}}));
  auto weights = at::full({layout().numel()}, 1, at::kDouble);
  sender->start(weights);
  auto sent = [&](double step) {
    weights += step;
    return sender->reduce_parameters(weights, stream).values.numel();
  };
  CHECK(sent(0x1p-11) == 0); // halfway to the next number: to even, 1
  CHECK(sent(0x1p-14) == 1320);
  CHECK(sent(0x1p-14) == 0);
  CHECK(largest(sender->copy() - (1 + 0x1p-10)) == 0);
}

TEST_CASE("what 16 bits cannot hold is sent in full", "[reducer]") {
  caps::random_stream stream{4};
  auto sender = make("caps", fixed(-1, 100, {{"values", std::string{"half"}}}));
  auto weights = normal_vector(1, stream);
  sender->start(weights);
  auto copy = weights.clone();
  for (auto large : {1e5, 0.5}) {
    weights += normal_vector(1, stream);
    weights[1100] = large; // in layer c
    auto message = sender->reduce_parameters(weights, stream);
    auto fits = large < 1;
    CHECK(message.values.scalar_type() == (fits ? at::kHalf : at::kDouble));
    caps::bring_up_to_date(message, copy);
    CHECK(at::equal(copy, sender->copy()));
    CHECK((largest(copy - weights) == 0) != fits);
    CHECK(largest(copy - weights) < 0.01);
  }
  auto gradient = at::full_like(weights, 1e5);
  CHECK(at::equal(
    decompressed(sender->reduce_gradient({gradient, weights, 1}, stream)),
    gradient));
}

TEST_CASE("without a residual caps drops gradients", "[reducer]") {
  caps::random_stream stream{8};
  auto sender = make("caps", fixed(2, 50, {{"residual", false}}));
  auto weights = normal_vector(1, stream);
  auto gradient = normal_vector(1, stream);
  for (int step = 0; step < 3; ++step)
    CHECK(largest(decompressed(
            sender->reduce_gradient({gradient, weights, 1e-6}, stream)))
          == 0);
  CHECK(at::equal(
    decompressed(sender->reduce_gradient({gradient, weights, 1e3}, stream)),
    gradient));
}

TEST_CASE("receivers hold the copy their sender thinks they hold",
          "[reducer]") {
  struct setting {
    const char* name;
    option_values options;
  };
  std::vector<setting> settings{
    {"top_k", {{"share", 0.2}}},
    {"random_k", {{"share", 0.3}}},
    {"quantize8", {}},
    {"half", {}},
    {"caps", fixed(1, 40)},
    {"caps", fixed(1, 40, {{"values", std::string{"half"}}})},
    {"caps", fixed(1, 40, {{"block", int64_t{7}}, {"residual", false}})},
    {"caps",
     fixed(1, 40, {{"detection", std::string{"random"}}, {"sample", 0.3}})}};
  for (const auto& [name, options] : settings) {
    INFO(name);
    caps::random_stream stream{4};
    auto sender = make(name, options);
    auto weights = normal_vector(1, stream);
    sender->start(weights);
    auto copy = weights.clone();
    auto receive = [&] {
      caps::bring_up_to_date(sender->reduce_parameters(weights, stream), copy);
      REQUIRE(at::equal(copy, sender->copy()));
    };
    for (int step = 0; step < 10; ++step) {
      weights += normal_vector(0.01, stream);
      receive();
    }
    CHECK_FALSE(at::equal(copy, weights));
    CHECK(largest(copy - weights) < 0.2);
    // What stands still gets across (but for what caps rounds away).
    for (int step = 0; step < 60; ++step)
      receive();
    CHECK(largest(copy - weights)
          < (std::string_view{name} == "caps" ? 0.2 : 1e-7));
  }
}

TEST_CASE("caps lets no copy fall behind by more than it rounds", "[reducer]") {
  caps::random_stream stream{4};
  auto sender = make("caps", fixed(2, 100));
  auto weights = normal_vector(1, stream);
  sender->start(weights);
  for (int step = 0; step < 30; ++step) {
    weights += normal_vector(0.0001, stream);
    static_cast<void>(sender->reduce_parameters(weights, stream));
    CHECK(largest(weights - sender->copy()) <= 0.01);
  }
  const auto& record = sender->record();
  CHECK(record.bytes_sent < record.bytes);
  CHECK(record.bytes_sent > 0);
}

TEST_CASE("without a residual caps misses what creeps", "[reducer]") {
  caps::random_stream stream{4};
  auto sender = make("caps", fixed(2, 100, {{"residual", false}}));
  auto kept = make("caps", fixed(2, 100));
  // From the middle between two roundings: no step of 0.0001 crosses one.
  auto weights = at::full({layout().numel()}, 0.5, at::kDouble);
  sender->start(weights);
  kept->start(weights);
  int64_t sent = 0;
  for (int step = 0; step < 40; ++step) {
    weights += 0.0001;
    sent += sender->reduce_parameters(weights, stream).values.numel();
    static_cast<void>(kept->reduce_parameters(weights, stream));
  }
  CHECK(sent == 0);
  CHECK(largest(sender->copy() - 0.5) == 0);
  CHECK(largest(kept->copy() - 0.5) == 0); // 0.504 still rounds to 0.50
  weights += 0.002;
  CHECK(kept->reduce_parameters(weights, stream).values.numel() == 1320);
}

TEST_CASE("the threshold of caps moves as the rule says", "[reducer]") {
  caps::skip_threshold_options how{.unchange_rate = 20,
                                   .adjust_rate = 2,
                                   .lower_bound = 17,
                                   .max_bound = 23,
                                   .scheduling_freq = 3,
                                   .history_length = 2};
  auto metric = GENERATE(as<std::string>{}, "loss", "accuracy");
  auto sender = make("caps", {{"unchange_rate", 20.0},
                              {"adjust_rate", 2.0},
                              {"lower_bound", 17.0},
                              {"max_bound", 23.0},
                              {"scheduling_freq", int64_t{3}},
                              {"history_length", int64_t{2}},
                              {"metric", metric}});
  std::vector<double> means;
  double threshold = 20;
  double sum = 0;
  std::vector<double> seen;
  for (int i = 0; i < 30; ++i) {
    if (i > 0 && i % 3 == 0) {
      means.push_back(sum / 3);
      sum = 0;
      threshold = caps::next_threshold(how, threshold, means);
    }
    // Falls for a while, then rises.
    auto x = i < 12 ? 20.0 - i : i;
    sum += x;
    sender->observe(metric == "loss" ? x : 1, metric == "loss" ? 1 : x);
    CHECK(sender->record().threshold == threshold);
    seen.push_back(threshold);
  }
  CHECK(std::ranges::find(seen, 17.0) != seen.end());
  CHECK(std::ranges::find(seen, 23.0) != seen.end());
}

TEST_CASE("caps watches the elements that change most", "[reducer]") {
  caps::random_stream stream{4};
  auto sender = make("caps", fixed(-1, 50,
                                   {{"detection", std::string{"history"}},
                                    {"sample", 0.1},
                                    {"scheduling_freq", int64_t{5}}}));
  auto weights = at::zeros({layout().numel()}, at::kDouble);
  sender->start(weights);
  int64_t sent_before = 0, sent_after = 0;
  for (int step = 0; step < 10; ++step) {
    sender->observe(1, 0);
    // A tenth of each layer moves: hardly any sample drawn at random sees it.
    for (auto [first, numel] : caps::change_regions(layout()))
      weights.narrow(0, first, numel / 10).add_(1);
    auto values = sender->reduce_parameters(weights, stream).values.numel();
    (step < 5 ? sent_before : sent_after) += values;
  }
  CHECK(sent_before < 5 * 1320 / 2);
  CHECK(sent_after == 5 * 1320);
}

TEST_CASE("reducers say what they left out", "[reducer]") {
  caps::random_stream stream{4};
  auto sender = make("caps", fixed(-1, 100));
  auto weights = at::zeros({layout().numel()}, at::kDouble);
  sender->start(weights);
  for (int step = 0; step < 4; ++step) {
    weights.narrow(0, 1000, 20).add_(1);
    if (step == 0)
      weights.narrow(0, 0, 1000).add_(1);
    static_cast<void>(sender->reduce_parameters(weights, stream));
  }
  const auto& record = sender->record();
  auto share = [&](const char* name) {
    const auto& x = record.layers.at(name);
    CHECK(x.elements
          == 4
               * (name[0] == 'a'   ? 1000
                  : name[0] == 'b' ? 20
                                   : 300));
    return static_cast<double>(x.skipped) / static_cast<double>(x.elements);
  };
  CHECK(share("a") == 0.75);
  CHECK(share("b") == 0);
  CHECK(share("c") == 1);
  CHECK(record.bytes == 4 * 1320 * 8);
  // Values, and a stretch of at most 4 bytes in each message.
  CHECK(record.bytes_sent >= (1000 + 4 * 20) * 8);
  CHECK(record.bytes_sent <= (1000 + 4 * 20) * 8 + 4 * 4);
}

TEST_CASE("reducers refuse options that do not fit together", "[reducer]") {
  CHECK_THROWS_WITH(make("random_k", {{"unbiased", true}}),
                    contains("residual = false"));
  CHECK_NOTHROW(make("random_k", {{"unbiased", true}, {"residual", false}}));
  CHECK_THROWS_WITH(make("caps", {{"unchange_rate", 90.0}}),
                    contains("max_bound 50"));
  CHECK_THROWS_WITH(make("caps", {{"lower_bound", 60.0}}),
                    contains("above max_bound"));
  CHECK(make("none") == nullptr);
}

TEST_CASE("parts from another process are checked", "[reducer]") {
  caps::random_stream stream{4};
  auto sender = make("caps", fixed(-1, 100));
  auto weights = at::zeros({layout().numel()}, at::kDouble);
  sender->start(weights);
  weights += 1;
  auto message = sender->reduce_parameters(weights, stream);
  auto copy = at::zeros_like(weights);
  auto longer = message;
  longer.values = at::zeros({1321}, at::kDouble);
  CHECK_THROWS_WITH(caps::bring_up_to_date(longer, copy), contains("1320"));
  auto elsewhere = message;
  elsewhere.indices = caps::pack_ranges(std::array{element_range{1, 1320}});
  CHECK_THROWS_AS(caps::bring_up_to_date(elsewhere, copy), caps::error);
  auto other = message;
  other.values = message.values.to(at::kFloat);
  CHECK_THROWS_AS(caps::bring_up_to_date(other, copy), caps::error);
  CHECK(largest(copy) == 0);
  caps::bring_up_to_date(message, copy);
  CHECK(at::equal(copy, weights));
}
