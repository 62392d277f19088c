#include "tests/support/catch.hpp"

#include "models/checkpoint/weights.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

using namespace caps;
using test::message_of;
using test::temporary_folder;

namespace {

parameter_layout small_layout() {
  parameter_layout x;
  x.add("fc.weight", {2, 3}, parameter_kind::weight);
  x.add("fc.bias", {2}, parameter_kind::bias);
  x.add_buffer("bn.running_mean", {4}, 0);
  return x;
}

/// The file of weights 0 to 7 and statistics 0 to 3.
tensor_file exported() {
  return export_weights(small_layout(), at::arange(8, at::kFloat),
                        at::arange(4, at::kFloat));
}

std::string refusal(const tensor_file& file) {
  auto weights = at::zeros({8});
  auto buffers = at::zeros({4});
  auto result = message_of<input_error>(
    [&] { import_weights(small_layout(), file, "f", weights, buffers); });
  CHECK(weights.eq(0).all().item<bool>());
  return result;
}

} // namespace

TEST_CASE("weights leave under their names", "[weights]") {
  auto file = exported();
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "fc.weight");
  CHECK(
    at::equal(file.tensors[0].value, at::arange(6, at::kFloat).view({2, 3})));
  CHECK(file.tensors[1].name == "fc.bias");
  CHECK(at::equal(file.tensors[1].value, at::arange(6, 8, at::kFloat)));
  CHECK(file.tensors[2].name == "bn.running_mean");
  CHECK(file.metadata.at("format") == "pt");
}

TEST_CASE("weights come back through a file", "[weights]") {
  temporary_folder folder;
  auto path = folder.path() + "/w.safetensors";
  write_safetensors(path, exported());
  auto weights = at::zeros({8});
  auto buffers = at::zeros({4});
  import_weights(small_layout(), read_safetensors(path), path, weights,
                 buffers);
  CHECK(at::equal(weights, at::arange(8, at::kFloat)));
  CHECK(at::equal(buffers, at::arange(4, at::kFloat)));
}

TEST_CASE("weights of PyTorch and of other precision are taken", "[weights]") {
  auto file = exported();
  file.tensors.push_back(
    {"bn.num_batches_tracked", at::full({}, 3, at::kLong)});
  auto weights = at::zeros({8}, at::kDouble);
  auto buffers = at::zeros({4}, at::kDouble);
  import_weights(small_layout(), file, "f", weights, buffers);
  CHECK(at::equal(weights, at::arange(8, at::kDouble)));
}

TEST_CASE("weights of another net are refused and nothing is copied",
          "[weights]") {
  auto file = exported();
  file.tensors[1].value = at::ones({3});
  CHECK(refusal(file)
        == "f holds 'fc.bias' as F32 [3], but this net has it with shape [2]");
  file.tensors[1].value = at::ones({2}, at::kLong);
  CHECK_THAT(refusal(file), contains("as I64 [2]"));
  file.tensors.erase(file.tensors.begin() + 1);
  CHECK(refusal(file)
        == "f does not hold 'fc.bias', which this net has with shape [2]");
  file = exported();
  file.tensors.push_back({"fc2.weight", at::ones({1})});
  CHECK(refusal(file) == "f holds 'fc2.weight', which this net does not have");
}
