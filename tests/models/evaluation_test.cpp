#include "tests/support/catch.hpp"

#include "models/data/picture_dataset.hpp"
#include "models/data/row_dataset.hpp"
#include "models/errors.hpp"
#include "models/evaluation.hpp"
#include "models/threads.hpp"
#include "tests/models/data/support.hpp"
#include "tests/models/nets/support.hpp"
#include "tests/support/set_options.hpp"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/mv.h>

#include <cmath>
#include <numeric>
#include <thread>

using namespace caps;
using namespace caps::test;

namespace {

struct subject {
  dataset_pair data = configured(built_in_datasets(), "synthetic",
                                 {{"train", int64_t{700}},
                                  {"test", int64_t{10}},
                                  {"height", int64_t{12}},
                                  {"width", int64_t{12}}})
                        ->make({{}, 3});
  instance net{make_net("logistic", data.train->shape())};
  std::vector<int64_t> indices = std::vector<int64_t>(500);

  subject() {
    for (size_t i = 0; i < indices.size(); ++i)
      indices[i] = static_cast<int64_t>(i * 3 % 700);
  }

  evaluation run(int64_t chunk) const {
    return evaluate(*net.model, net.weights, net.buffers, *data.train, indices,
                    chunk);
  }
};

} // namespace

TEST_CASE("an evaluation is what its definition says", "[evaluation]") {
  pin_math_to_one_thread();
  subject x;
  auto batch = x.data.train->gather(x.indices, at::kFloat);
  auto scores = x.net.forward(batch.input);
  auto loss = at::cross_entropy_loss(scores, batch.target).item<double>();
  auto correct = scores.argmax(1).eq(batch.target).sum().item<int64_t>();
  auto result = x.run(500);
  CHECK(result.loss == loss);
  CHECK(result.accuracy == static_cast<double>(correct) / 500);
  CHECK(correct > 0);
  CHECK(correct < 500);
}

TEST_CASE("the chunk size does not matter", "[evaluation]") {
  pin_math_to_one_thread();
  subject x;
  auto whole = x.run(500);
  for (int64_t chunk : {1, 7, 64, 499, 1'000}) {
    auto parts = x.run(chunk);
    CHECK(std::abs(parts.loss - whole.loss) < 1e-6);
    CHECK(parts.accuracy == whole.accuracy);
  }
}

TEST_CASE("chunks of other threads give the same bits", "[evaluation]") {
  pin_math_to_one_thread();
  subject x;
  auto chunks = evaluation_chunks(x.indices, 64);
  REQUIRE(chunks.size() == 8);
  CHECK(chunks.back().size() == 500 - 7 * 64);
  std::vector<evaluation_sum> sums(chunks.size());
  std::vector<std::thread> threads;
  for (size_t first : {0u, 1u})
    threads.emplace_back([&, first] {
      pin_math_to_one_thread();
      for (auto i = first; i < chunks.size(); i += 2)
        sums[i] = evaluate_chunk(*x.net.model, x.net.weights, x.net.buffers,
                                 *x.data.train, chunks[i]);
    });
  for (auto& thread : threads)
    thread.join();
  auto result = to_evaluation(combine(sums), x.data.train->shape());
  auto expected = x.run(64);
  CHECK(result.loss == expected.loss);
  CHECK(result.accuracy == expected.accuracy);
}

TEST_CASE("evaluation leaves weights without gradients", "[evaluation]") {
  subject x;
  auto before = x.net.weights.clone();
  x.net.weights.set_requires_grad(true);
  x.run(100);
  CHECK_FALSE(x.net.weights.grad().defined());
  CHECK(x.net.weights.equal(before));
}

TEST_CASE("regression has a loss and no accuracy", "[evaluation]") {
  auto data = configured(built_in_datasets(), "least_squares",
                         {{"rows", int64_t{30}}, {"features", int64_t{4}}})
                ->make({{}, 1})
                .train;
  instance net{make_net("least_squares", data->shape()), 1, at::kDouble};
  std::vector<int64_t> all(30);
  std::iota(all.begin(), all.end(), 0);
  auto batch = data->gather(all, at::kDouble);
  auto expected
    = (at::mv(batch.input, net.weights) - batch.target).square().mean() * 0.5;
  for (int64_t chunk : {30, 8}) {
    auto result
      = evaluate(*net.model, net.weights, net.buffers, *data, all, chunk);
    CHECK_FALSE(result.accuracy.has_value());
    CHECK(result.loss == Approx(expected.item<double>()).epsilon(1e-12));
  }
}

TEST_CASE("an evaluation needs samples", "[evaluation]") {
  subject x;
  x.indices.clear();
  CHECK_THROWS_AS(x.run(10), input_error);
}
