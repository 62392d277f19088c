#include "tests/support/catch.hpp"

#include "models/data/sampler.hpp"
#include "models/errors.hpp"
#include "tests/support/memory_state.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

using caps::random_stream;
using caps::sampler;

namespace {

std::vector<int64_t> shard(int64_t size) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < size; ++i)
    result.push_back(3 * i + 1);
  return result;
}

std::vector<int64_t> step(sampler& x) {
  auto batch = x.next();
  return {batch.begin(), batch.end()};
}

std::vector<int64_t> epoch(sampler& x) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < x.steps_per_epoch(); ++i) {
    auto batch = step(x);
    result.insert(result.end(), batch.begin(), batch.end());
  }
  return result;
}

std::vector<int64_t> sorted(std::vector<int64_t> xs) {
  std::sort(xs.begin(), xs.end());
  return xs;
}

} // namespace

TEST_CASE("an epoch visits every sample once, in a new order", "[sampler]") {
  sampler x{shard(10), {.batch_size = 4}, random_stream{1}};
  CHECK(x.steps_per_epoch() == 3);
  CHECK(step(x).size() == 4);
  CHECK(step(x).size() == 4);
  CHECK(x.epochs() == 0);
  CHECK(step(x).size() == 2); // the rest
  CHECK(x.epochs() == 1);
  CHECK(x.steps() == 3);
  auto first = epoch(x);
  auto second = epoch(x);
  CHECK(first != second);
  CHECK(sorted(first) == shard(10));
  CHECK(sorted(second) == shard(10));
}

TEST_CASE("every order is as likely", "[sampler]") {
  sampler x{shard(3), {.batch_size = 1}, random_stream{2}};
  std::vector<int> count(10);
  for (int i = 0; i < 6'000; ++i) {
    auto order = epoch(x);
    ++count[static_cast<size_t>(order[0] + (order[1] > order[2]))];
  }
  for (auto c : count)
    CHECK((c == 0 || std::abs(c - 1'000) < 120));
  CHECK(std::count(count.begin(), count.end(), 0) == 4);
}

TEST_CASE("walks depend on their stream alone", "[sampler]") {
  sampler x{shard(50), {}, random_stream{1}};
  sampler same{shard(50), {}, random_stream{1}};
  sampler other{shard(50), {}, random_stream{2}};
  auto order = epoch(x);
  CHECK(epoch(same) == order);
  CHECK(epoch(other) != order);
}

TEST_CASE("train_length draws samples once", "[sampler]") {
  sampler x{
    shard(100), {.batch_size = 8, .train_length = 20}, random_stream{3}};
  CHECK(x.samples_per_epoch() == 20);
  CHECK(x.steps_per_epoch() == 3);
  auto chosen = sorted(epoch(x));
  CHECK(chosen.size() == 20);
  CHECK(std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end());
  CHECK(chosen.back() > 100); // not simply the first ones
  CHECK(sorted(epoch(x)) == chosen);
  sampler whole{shard(5), {.train_length = 20}, random_stream{3}};
  CHECK(whole.samples_per_epoch() == 5);
}

TEST_CASE("a full batch keeps the order of the shard", "[sampler]") {
  for (int64_t batch : {0, 10, 11}) {
    sampler x{shard(10), {.batch_size = batch}, random_stream{1}};
    CHECK(x.steps_per_epoch() == 1);
    CHECK(step(x) == shard(10));
    CHECK(step(x) == shard(10));
  }
}

TEST_CASE("a restored walk goes on exactly", "[sampler]") {
  const caps::sampler_options options{.batch_size = 4, .train_length = 14};
  for (int taken : {0, 1, 3, 4, 7, 8, 9}) {
    sampler x{shard(30), options, random_stream{6}};
    for (int i = 0; i < taken; ++i)
      x.next();
    caps::test::memory_state state;
    state.save(x);
    std::vector<std::vector<int64_t>> expected;
    for (int i = 0; i < 10; ++i)
      expected.push_back(step(x));
    // Back on the same object, and on a fresh one.
    state.load(x);
    sampler fresh{shard(30), options, random_stream{6}};
    state.load(fresh);
    CHECK(fresh.steps() == taken);
    for (const auto& batch : expected) {
      CHECK(step(x) == batch);
      CHECK(step(fresh) == batch);
    }
  }
}

TEST_CASE("a sampler needs samples and sane options", "[sampler]") {
  CHECK_THROWS_AS((sampler{{}, {}, random_stream{1}}), caps::input_error);
  CHECK_THROWS_AS((sampler{{1}, {.batch_size = -1}, random_stream{1}}),
                  caps::input_error);
  CHECK_THROWS_AS((sampler{{1}, {.train_length = -1}, random_stream{1}}),
                  caps::input_error);
}
