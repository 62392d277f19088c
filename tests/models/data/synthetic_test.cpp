#include "tests/support/catch.hpp"

#include "models/data/picture_dataset.hpp"
#include "models/data/row_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"
#include "tests/support/set_options.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_lstsq.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <numeric>

using namespace caps::test;
using caps::random_stream;

namespace {

caps::dataset_pair make(const std::string& name, const option_values& options,
                        uint64_t seed = 1) {
  return configured(caps::built_in_datasets(), name, options)
    ->make(caps::data_source{{}, seed});
}

caps::batch all_of(const caps::dataset& data) {
  std::vector<int64_t> indices(static_cast<size_t>(data.size()));
  std::iota(indices.begin(), indices.end(), 0);
  return data.gather(indices, at::kDouble);
}

/// Share of the test set nearest to another class's training mean.
double nearest_mean_error(const caps::dataset_pair& data) {
  auto train = all_of(*data.train);
  auto test = all_of(*data.test);
  auto classes = data.train->shape().classes;
  auto x = test.input.flatten(1);
  auto distances = at::zeros({x.size(0), classes}, at::kDouble);
  for (int64_t c = 0; c < classes; ++c) {
    auto members = train.input.flatten(1).index_select(
      0, train.target.eq(c).nonzero().flatten());
    distances.select(1, c).copy_((x - members.mean(0)).square().sum(1));
  }
  return distances.argmin(1)
    .ne(test.target)
    .to(at::kDouble)
    .mean()
    .item<double>();
}

double phi(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

} // namespace

TEST_CASE("synthetic pictures depend on seed and options", "[synthetic]") {
  option_values small{{"train", int64_t{30}},  {"test", int64_t{7}},
                      {"classes", int64_t{3}}, {"channels", int64_t{2}},
                      {"height", int64_t{6}},  {"width", int64_t{9}}};
  auto x = make("synthetic", small);
  CHECK(x.train->size() == 30);
  CHECK(x.test->size() == 7);
  CHECK(x.train->shape().sample == std::vector<int64_t>{2, 6, 9});
  CHECK(x.train->shape().classes == 3);
  std::vector<int64_t> count(3);
  for (auto label : x.train->labels())
    ++count[static_cast<size_t>(label)];
  CHECK(count == std::vector<int64_t>{10, 10, 10});
  auto again = make("synthetic", small);
  auto other = make("synthetic", small, 2);
  CHECK(all_of(*x.train).input.equal(all_of(*again.train).input));
  CHECK(all_of(*x.test).input.equal(all_of(*again.test).input));
  CHECK_FALSE(all_of(*x.train).input.equal(all_of(*other.train).input));
  CHECK_THROWS_AS(make("synthetic", {{"classes", int64_t{0}}}),
                  caps::input_error);
}

TEST_CASE("synthetic classes overlap as announced", "[synthetic]") {
  for (auto noise : {0.5, 1.0})
    for (int64_t side : {6, 14}) {
      auto data = make("synthetic", {{"train", int64_t{12'000}},
                                     {"test", int64_t{6'000}},
                                     {"classes", int64_t{2}},
                                     {"height", side},
                                     {"width", side},
                                     {"noise", noise}});
      // 6,000 tests: the standard error is below 0.005.
      CHECK(std::abs(nearest_mean_error(data) - phi(-1 / noise)) < 0.02);
    }
}

TEST_CASE("ten synthetic classes are learnable, not trivial", "[synthetic]") {
  auto error = nearest_mean_error(make("synthetic", {}));
  CHECK(error > 0.005);
  CHECK(error < 0.12);
}

TEST_CASE("rows keep every digit", "[synthetic]") {
  auto rows = at::tensor({0.1, 0.2, 1e-300, 3.0, 4.0, 5.0}, at::kDouble)
                .reshape({3, 2});
  auto targets = at::tensor({1.0 / 3, 2.0, 3.0}, at::kDouble);
  caps::row_dataset data{rows, targets};
  CHECK(data.size() == 3);
  CHECK(data.labels().empty());
  CHECK(data.shape().classes == 0);
  CHECK(data.shape().sample == std::vector<int64_t>{2});
  auto x = data.gather(std::vector<int64_t>{2, 0}, at::kDouble);
  CHECK(x.input[0].equal(rows[2]));
  CHECK(x.input[1].equal(rows[0]));
  CHECK(x.target[1].item<double>() == 1.0 / 3);
  auto floats = data.gather(std::vector<int64_t>{1}, at::kFloat);
  CHECK(floats.input.scalar_type() == at::kFloat);
  CHECK(floats.target.scalar_type() == at::kFloat);
  random_stream stream{1};
  CHECK_THROWS_AS(
    data.gather(std::vector<int64_t>{0}, at::kDouble, {0, true}, &stream),
    caps::input_error);
  CHECK_THROWS_AS((caps::row_dataset{rows, targets.narrow(0, 0, 2)}),
                  caps::input_error);
  CHECK_THROWS_AS((caps::row_dataset{targets, targets}), caps::input_error);
}

TEST_CASE("least squares has the announced solutions", "[synthetic]") {
  option_values options{{"rows", int64_t{40}},  {"test_rows", int64_t{20}},
                        {"groups", int64_t{3}}, {"features", int64_t{5}},
                        {"spread", 1.0},        {"noise", 0.0}};
  auto data = make("least_squares", options, 9);
  CHECK(data.train->size() == 120);
  CHECK(data.test->size() == 60);
  auto train = all_of(*data.train);
  auto test = all_of(*data.test);
  auto solve = [](const caps::batch& x, int64_t first, int64_t count) {
    auto a = x.input.narrow(0, first, count);
    auto b = x.target.narrow(0, first, count);
    return std::get<0>(at::linalg_lstsq(a, b.unsqueeze(1))).squeeze(1);
  };
  std::vector<at::Tensor> solutions;
  for (int64_t g = 0; g < 3; ++g) {
    auto solution = solve(train, 40 * g, 40);
    // Without noise each group is solved exactly, test rows by the same.
    CHECK(solve(test, 20 * g, 20).allclose(solution, 1e-10, 1e-10));
    solutions.push_back(solution);
  }
  CHECK_FALSE(solutions[0].allclose(solutions[1], 0.01, 0.01));
  options["spread"] = 0.0;
  train = all_of(*make("least_squares", options, 9).train);
  CHECK(solve(train, 0, 40).allclose(solve(train, 80, 40), 1e-10, 1e-10));
}
