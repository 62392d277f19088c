#include "tests/support/catch.hpp"

#include "tests/support/memory_state.hpp"
#include "tests/support/set_options.hpp"

#include "models/compression/error_feedback.hpp"
#include "models/compression/selection.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <limits>

namespace {

using caps::compressed_vector;
using caps::compression_kind;

std::shared_ptr<const caps::compressor>
make(std::string_view name, caps::test::option_values options = {}) {
  return caps::test::configured(caps::built_in_compressors(), name,
                                std::move(options))
    ->make();
}

at::Tensor numbers(std::vector<double> x, at::ScalarType type = at::kFloat) {
  return at::tensor(x, at::kDouble).to(type);
}

at::Tensor normal_vector(int64_t n, at::ScalarType type, uint64_t seed = 5) {
  caps::random_stream stream{seed};
  auto result = at::zeros({n}, at::kDouble);
  for (int64_t i = 0; i < n; ++i)
    result.data_ptr<double>()[i] = stream.normal();
  return result.to(type);
}

at::Tensor decompressed(const compressed_vector& x, const at::Tensor& like) {
  // Leftovers must not shine through.
  auto result = at::full({x.numel}, 77, like.options());
  caps::decompress(x, result);
  return result;
}

double largest(const at::Tensor& x) {
  return x.abs().max().item().toDouble();
}

struct setting {
  const char* name;
  caps::test::option_values options;
};

const std::vector<setting> settings{
  {"none", {}},
  {"top_k", {{"share", 0.05}}},
  {"random_k", {{"share", 0.05}}},
  {"random_k", {{"share", 0.05}, {"unbiased", true}}},
  {"top_k", {{"share", 0.05}, {"values", std::string{"half"}}}},
  {"random_k", {{"share", 0.05}, {"values", std::string{"half"}}}},
  {"half", {}},
  {"quantize8", {{"block", int64_t{100}}}},
  {"quantize8", {{"rounding", std::string{"stochastic"}}}},
};

} // namespace

TEST_CASE("none loses and copies nothing", "[compression]") {
  caps::random_stream stream{1};
  auto x = normal_vector(100, at::kFloat);
  auto sent = make("none")->compress(x, stream);
  CHECK(sent.values.is_same(x));
  CHECK(caps::size_bytes(sent) == 400);
  CHECK(at::equal(decompressed(sent, x), x));
}

TEST_CASE("top_k sends the largest elements", "[compression]") {
  caps::random_stream stream{1};
  auto x = numbers({1, -5, 0.5, 2, 5, -2, 0, 0, 0, 0});
  auto sent = make("top_k", {{"share", 0.3}})->compress(x, stream);
  // Of the two of magnitude 2 the first.
  CHECK(caps::indices_of(sent) == std::vector<int32_t>{1, 3, 4});
  CHECK(
    at::equal(decompressed(sent, x), numbers({0, -5, 0, 2, 5, 0, 0, 0, 0, 0})));
  CHECK(caps::size_bytes(sent) == 3 * 4 + 3);
  // At least one.
  sent = make("top_k", {{"share", 1e-9}})->compress(x, stream);
  CHECK(caps::indices_of(sent) == std::vector<int32_t>{1});
  CHECK(stream.save() == caps::random_stream{1}.save());
}

TEST_CASE("random_k sends a seed instead of indices", "[compression]") {
  caps::random_stream stream{1};
  auto x = normal_vector(1000, at::kDouble);
  auto sent = make("random_k", {{"share", 0.1}})->compress(x, stream);
  CHECK(caps::size_bytes(sent) == 100 * 8 + 8);
  CHECK(sent.seed == caps::random_stream{1}.next());
  auto y = decompressed(sent, x);
  auto indices = caps::random_elements(sent.seed, 100, 1000);
  for (auto i : indices)
    CHECK(y[i].item<double>() == x[i].item<double>());
  CHECK(y.count_nonzero().item<int64_t>() == 100);
}

TEST_CASE("scaled random_k is right on average", "[compression]") {
  caps::random_stream stream{1};
  auto x = numbers({1, -2, 3, -4, 5}, at::kDouble);
  auto compressor = make("random_k", {{"share", 0.4}, {"unbiased", true}});
  auto mean = at::zeros_like(x);
  constexpr int draws = 20'000;
  for (int i = 0; i < draws; ++i)
    caps::add_decompressed(compressor->compress(x, stream), 1.0 / draws, mean);
  // An element is 2.5 x or nothing: standard deviation 1.22 |x|/sqrt(draws).
  CHECK(largest(mean.div(x).sub(1)) < 5 * 1.23 / std::sqrt(draws));
}

TEST_CASE("half sends 16 bits an element", "[compression]") {
  caps::random_stream stream{1};
  auto type = GENERATE(at::kFloat, at::kDouble);
  // 11 bits: 2049 lies between two numbers, ties go to the even one; the
  // smallest number is 2^-24.
  auto x
    = numbers({1, -2.5, 2049, 2051, 65504, 0x1p-24, 0x0.8p-24, -0.0}, type);
  auto sent = make("half")->compress(x, stream);
  CHECK(caps::size_bytes(sent) == 8 * 2);
  CHECK(at::equal(decompressed(sent, x),
                  numbers({1, -2.5, 2048, 2052, 65504, 0x1p-24, 0, 0}, type)));
  auto y = normal_vector(5000, type);
  auto error = decompressed(make("half")->compress(y, stream), y).sub(y).div(y);
  CHECK(largest(error) <= 0x1p-11);
  CHECK(largest(error) > 0x1p-12);
}

TEST_CASE("numbers beyond 16 bits travel as they are", "[compression]") {
  caps::random_stream stream{1};
  auto large = GENERATE(1e5, -65520, INFINITY);
  auto x = numbers({1, 0x1p-30, large, 3});
  auto sent = make("half")->compress(x, stream);
  CHECK(caps::size_bytes(sent) == 4 * 4);
  CHECK(at::equal(decompressed(sent, x), x));
  // Of a copy: the residual of error feedback is written to.
  CHECK_FALSE(sent.values.is_alias_of(x));
}

TEST_CASE("the values of sparse vectors travel in 16 bits if asked to",
          "[compression]") {
  auto name = GENERATE("top_k", "random_k");
  auto x = normal_vector(1000, at::kFloat);
  auto compress = [&](const char* values) {
    caps::random_stream stream{1};
    return make(name, {{"share", 0.1}, {"values", std::string{values}}})
      ->compress(x, stream);
  };
  auto full = compress("full");
  auto half = compress("half");
  CHECK(caps::size_bytes(full) - caps::size_bytes(half) == 100 * 2);
  CHECK(at::equal(decompressed(half, x),
                  decompressed(full, x).to(at::kHalf).to(at::kFloat)));
}

TEST_CASE("quantize8 rounds to the nearest of its levels", "[compression]") {
  caps::random_stream stream{1};
  // Scales 127 and 2 and, of a block of zeros, 0.
  auto x = numbers({127, -127, 3.4, -3.6, 2, -1, 0, 0, 0});
  auto sent = make("quantize8", {{"block", int64_t{4}}})->compress(x, stream);
  CHECK(at::equal(sent.scales, numbers({127, 2, 0})));
  CHECK(caps::size_bytes(sent) == 9 + 3 * 4);
  auto y = decompressed(sent, x);
  CHECK(at::equal(y.narrow(0, 0, 4), numbers({127, -127, 3, -4})));
  CHECK(largest(y.sub(x).narrow(0, 4, 2)) <= 2.0 / 254 + 1e-6);
  CHECK(at::equal(y.narrow(0, 6, 3), numbers({0, 0, 0})));
  CHECK(stream.save() == caps::random_stream{1}.save());
}

TEST_CASE("quantize8 keeps within half a level", "[compression]") {
  caps::random_stream stream{1};
  auto type = GENERATE(at::kFloat, at::kDouble);
  for (auto size : {1.0, 1e-30, 1e30}) {
    auto x = normal_vector(5003, type).mul(size);
    auto sent = make("quantize8")->compress(x, stream);
    auto error = decompressed(sent, x).sub(x).abs();
    for (int64_t b = 0; b < sent.scales.numel(); ++b) {
      auto n = std::min<int64_t>(256, 5003 - b * 256);
      auto half = sent.scales[b].item().toDouble() / 254;
      CHECK(largest(error.narrow(0, b * 256, n)) <= half * (1 + 1e-4));
    }
  }
}

TEST_CASE("numbers near the end of their range are quantized",
          "[compression]") {
  caps::random_stream stream{1};
  for (auto scale :
       {static_cast<double>(std::numeric_limits<float>::max()),
        static_cast<double>(std::numeric_limits<float>::denorm_min())}) {
    auto x = numbers({scale, -scale, 0});
    for (auto rounding : {"nearest", "stochastic"}) {
      auto sent = make("quantize8", {{"rounding", std::string{rounding}}})
                    ->compress(x, stream);
      CHECK(sent.values[0].item<uint8_t>() == 255);
      CHECK(sent.values[1].item<uint8_t>() == 1);
      CHECK(sent.values[2].item<uint8_t>() == 128);
    }
  }
}

TEST_CASE("stochastic quantization is right on average", "[compression]") {
  caps::random_stream stream{1};
  auto x = numbers({127, 0.5, -0.25, 10.125, -126.9, 0, 3}, at::kDouble);
  auto compressor
    = make("quantize8", {{"rounding", std::string{"stochastic"}}});
  auto mean = at::zeros_like(x);
  constexpr int draws = 20'000;
  for (int i = 0; i < draws; ++i) {
    auto sent = compressor->compress(x, stream);
    REQUIRE(largest(decompressed(sent, x).sub(x)) < 1 + 1e-4);
    caps::add_decompressed(sent, 1.0 / draws, mean);
  }
  // A level is off by at most 1/2 on average over its two roundings.
  CHECK(largest(mean.sub(x)) < 5 * 0.5 / std::sqrt(draws));
}

TEST_CASE("NaN and infinity are not quantized", "[compression]") {
  caps::random_stream stream{1};
  for (auto bad : {double{NAN}, double{INFINITY}, -double{INFINITY}}) {
    auto x = at::zeros({1000});
    x[700] = bad;
    CHECK_THROWS_AS(make("quantize8")->compress(x, stream),
                    caps::diverged_error);
    CHECK_THROWS_WITH(make("quantize8")->compress(x, stream),
                      contains("elements 512 to 767"));
  }
}

TEST_CASE("the same stream gives the same bytes", "[compression]") {
  auto x = normal_vector(10'007, at::kFloat);
  for (const auto& s : settings) {
    INFO(s.name);
    auto compressor = make(s.name, s.options);
    caps::random_stream one{3}, two{3};
    auto a = compressor->compress(x, one);
    auto b = compressor->compress(x, two);
    CHECK(a.kind == b.kind);
    CHECK(a.seed == b.seed);
    CHECK(at::equal(a.values, b.values));
    if (a.indices.defined())
      CHECK(at::equal(a.indices, b.indices));
    CHECK(one.save() == two.save());
  }
}

TEST_CASE("adding is decompressing and adding", "[compression]") {
  auto type = GENERATE(at::kFloat, at::kDouble);
  caps::random_stream stream{3};
  auto x = normal_vector(4099, type);
  auto start = normal_vector(4099, type, 6);
  for (const auto& s : settings) {
    INFO(s.name);
    auto sent = make(s.name, s.options)->compress(x, stream);
    auto sum = start.clone();
    caps::add_decompressed(sent, -0.5, sum);
    auto expected = start.sub(decompressed(sent, x), 0.5);
    CHECK(largest(sum.sub(expected)) < 1e-6);
  }
}

TEST_CASE("empty vectors are vectors", "[compression]") {
  caps::random_stream stream{3};
  for (const auto& s : settings) {
    INFO(s.name);
    auto nothing = at::zeros({0});
    auto sent = make(s.name, s.options)->compress(nothing, stream);
    CHECK_NOTHROW(caps::decompress(sent, nothing));
    CHECK_NOTHROW(caps::add_decompressed(sent, 1, nothing));
  }
}

TEST_CASE("error feedback loses nothing in the end", "[compression]") {
  for (const auto& s : settings) {
    INFO(s.name);
    caps::random_stream stream{3};
    caps::error_feedback feedback{make(s.name, s.options)};
    auto given = at::zeros({2000}, at::kDouble);
    auto received = at::zeros_like(given);
    for (uint64_t k = 0; k < 50; ++k) {
      auto x = normal_vector(2000, at::kDouble, k);
      auto kept = x.clone();
      given.add_(x);
      caps::add_decompressed(feedback.compress(x, stream), 1, received);
      REQUIRE(at::equal(x, kept));
      auto rest = feedback.residual().defined() ? feedback.residual()
                                                : at::zeros_like(given);
      REQUIRE(largest(received.add(rest).sub(given))
              < 1e-12 * (1 + largest(rest)));
    }
  }
}

TEST_CASE("error feedback keeps a residual only of what is lost",
          "[compression]") {
  caps::random_stream stream{3};
  caps::error_feedback exact{make("none")};
  auto x = normal_vector(10, at::kFloat);
  CHECK(exact.compress(x, stream).values.is_same(x));
  CHECK(!exact.residual().defined());
  caps::error_feedback lossy{make("top_k", {{"share", 0.1}})};
  CHECK(!lossy.residual().defined());
  auto first = lossy.compress(numbers({3, 2, 0, 0, 0, 0, 0, 0, 0, 0}), stream);
  CHECK(at::equal(lossy.residual(), numbers({0, 2, 0, 0, 0, 0, 0, 0, 0, 0})));
  auto second = lossy.compress(numbers({1, 1, 0, 0, 0, 0, 0, 0, 0, 0}), stream);
  CHECK(caps::indices_of(second) == std::vector<int32_t>{1});
  CHECK(second.values.item<float>() == 3);
}

TEST_CASE("error feedback bounds the residual of top_k", "[compression]") {
  // Contractive compression keeps it below |x| (1 + share...)/share.
  caps::random_stream stream{3};
  caps::error_feedback feedback{make("top_k", {{"share", 0.1}})};
  auto x = normal_vector(500, at::kDouble);
  double longest = 0;
  for (int k = 0; k < 500; ++k) {
    feedback.compress(x, stream);
    longest = std::max(longest, feedback.residual().norm().item<double>());
  }
  CHECK(longest < 10 * x.norm().item<double>());
  CHECK(longest > x.norm().item<double>());
}

TEST_CASE("error feedback goes on where it was saved", "[compression]") {
  auto compressor = make("top_k", {{"share", 0.1}});
  caps::random_stream stream{3};
  caps::error_feedback one{compressor}, two{compressor};
  one.compress(normal_vector(100, at::kFloat, 1), stream);
  caps::test::memory_state state;
  state.save(one);
  state.load(two);
  auto x = normal_vector(100, at::kFloat, 2);
  CHECK(
    at::equal(one.compress(x, stream).values, two.compress(x, stream).values));
}

TEST_CASE("compressors take flat vectors of float and double only",
          "[compression]") {
  caps::random_stream stream{3};
  for (const auto& s : settings) {
    INFO(s.name);
    auto compressor = make(s.name, s.options);
    CHECK_THROWS_AS(compressor->compress(at::zeros({2, 2}), stream),
                    caps::error);
    CHECK_THROWS_AS(compressor->compress(at::zeros({4}, at::kLong), stream),
                    caps::error);
    CHECK_THROWS_AS(compressor->compress(at::Tensor{}, stream), caps::error);
  }
}

namespace {

/// One thing wrong with a valid vector of 1000 floats.
struct damage {
  const char* name;
  std::function<void(compressed_vector&)> apply;
  const char* text;
};

} // namespace

TEST_CASE("what the network brings is checked", "[compression]") {
  caps::random_stream stream{3};
  auto x = normal_vector(1000, at::kFloat);
  auto target = at::zeros_like(x);
  const std::vector<damage> all{
    {"none", [](auto& v) { v.values = at::Tensor{}; }, "values are missing"},
    {"none", [](auto& v) { v.values = at::zeros({999}); }, "999 values"},
    {"none",
     [](auto& v) {
       v.values = at::zeros({10, 100});
     },
     "in 2 dimensions"},
    {"none", [](auto& v) { v.values = at::zeros({2000}).slice(0, 0, 2000, 2); },
     "not a flat"},
    {"none", [](auto& v) { v.values = at::zeros({1000}, at::kDouble); },
     "Double"},
    {"none", [](auto& v) { v.numel = 2000; }, "expected one of 1000"},
    {"none", [](auto& v) { v.numel = -1; }, "expected one of 1000"},
    {"none", [](auto& v) { v.kind = static_cast<compression_kind>(9); },
     "no such kind (9)"},
    {"none", [](auto& v) { v.kind = compression_kind::top_k; },
     "indices are missing"},
    {"none", [](auto& v) { v.kind = compression_kind::quantize8; }, "Float"},
    {"top_k", [](auto& v) { v.values = at::zeros({51}); }, "at index 50"},
    {"top_k", [](auto& v) { v.values = at::zeros({49}); }, "bytes follow"},
    {"top_k", [](auto& v) { v.values = at::zeros({1001}); }, "1001 values"},
    {"top_k", [](auto& v) { v.indices = at::full({50}, 100, at::kByte); },
     "names element"},
    {"top_k", [](auto& v) { v.indices = at::full({50}, 255, at::kByte); },
     "run wild"},
    {"top_k", [](auto& v) { v.indices = v.indices.to(at::kInt); }, "Int"},
    {"random_k", [](auto& v) { v.values = at::zeros({1001}); }, "1001 values"},
    {"random_k", [](auto& v) { v.values = v.values.to(at::kBFloat16); },
     "BFloat16"},
    {"half", [](auto& v) { v.values = v.values.narrow(0, 0, 999); },
     "999 values"},
    {"half", [](auto& v) { v.kind = compression_kind::quantize8; }, "Half"},
    {"quantize8", [](auto& v) { v.values = at::zeros({1000}); }, "Byte"},
    {"quantize8", [](auto& v) { v.values = at::zeros({10}, at::kByte); },
     "10 values"},
    {"quantize8", [](auto& v) { v.block = 0; }, "blocks of 0"},
    {"quantize8", [](auto& v) { v.block = -5; }, "blocks of -5"},
    {"quantize8", [](auto& v) { v.block = INT64_MAX; }, "4 scales, not 1"},
    {"quantize8", [](auto& v) { v.block = 200; }, "4 scales, not 5"},
    {"quantize8", [](auto& v) { v.scales = at::Tensor{}; }, "are missing"},
    {"quantize8",
     [](auto& v) {
       v.scales = v.scales.clone();
       v.scales[2] = NAN;
     },
     "scale 2 is nan"},
    {"quantize8",
     [](auto& v) {
       v.scales = v.scales.clone();
       v.scales[0] = INFINITY;
     },
     "scale 0 is inf"},
    {"quantize8",
     [](auto& v) {
       v.scales = v.scales.clone();
       v.scales[0] = -1;
     },
     "scale 0 is -1"},
  };
  for (const auto& bad : all) {
    INFO(bad.name << ": " << bad.text);
    caps::test::option_values options;
    if (std::string_view{bad.name}.ends_with("_k"))
      options["share"] = 0.05;
    auto sent = make(bad.name, options)->compress(x, stream);
    REQUIRE_NOTHROW(caps::check(sent, 1000, at::kFloat));
    bad.apply(sent);
    CHECK_THROWS_WITH(caps::check(sent, 1000, at::kFloat), contains(bad.text));
    CHECK_THROWS_AS(caps::decompress(sent, target), caps::error);
    CHECK_THROWS_AS(caps::add_decompressed(sent, 1, target), caps::error);
    CHECK(at::equal(target, at::zeros_like(target)));
  }
}
