#include "models/nets/least_squares.hpp"

#include "models/errors.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/sub.h>

#include <fmt/format.h>

namespace caps {

namespace {

class least_squares_net final : public net {
public:
  using net::net;

  at::Tensor forward(const forward_pass& pass,
                     const at::Tensor& input) const override {
    std::vector<at::Tensor> pieces;
    pieces.reserve(pass.parameters.size());
    for (const auto& parameter : pass.parameters)
      pieces.push_back(parameter.reshape(-1));
    return at::mv(input, at::cat(pieces));
  }

  at::Tensor loss(const at::Tensor& output,
                  const at::Tensor& target) const override {
    return at::sub(output, target).square().sum().mul(0.5);
  }

  bool sums_loss() const override { return true; }

  int64_t multiply_adds() const override { return layout().numel(); }
};

} // namespace

std::shared_ptr<const net>
make_least_squares(const data_shape& data,
                   std::shared_ptr<const parameter_layout> layout) {
  if (data.classes != 0)
    throw input_error(fmt::format("model 'least_squares' fits real targets; "
                                  "the data has {} classes",
                                  data.classes));
  if (data.sample.size() != 1 || data.sample[0] != layout->numel())
    throw input_error(fmt::format(
      "model 'least_squares' has {} unknowns and takes rows [{}]; a sample of "
      "the data is {}",
      layout->numel(), layout->numel(), shape_text(data.sample)));
  return std::make_shared<least_squares_net>(std::move(layout));
}

void least_squares_options::describe(option_visitor& visitor) {
  visitor.integers("weight", weight, at_least(1),
                   "shape of fc.weight, to which fc.bias of its first "
                   "dimension is added; [] for one row and no bias");
}

std::shared_ptr<const net>
make_least_squares(const data_shape& data,
                   const least_squares_options& options) {
  auto layout = std::make_shared<parameter_layout>();
  if (!options.weight.empty()) {
    layout->add("fc.weight", options.weight, parameter_kind::weight);
    layout->add("fc.bias", {options.weight[0]}, parameter_kind::bias);
  } else if (data.sample.size() == 1) {
    layout->add("fc.weight", {1, data.sample[0]}, parameter_kind::weight);
  }
  return make_least_squares(data, std::move(layout));
}

} // namespace caps
