#include "models/compression/compressing_reducer.hpp"

#include "models/compression/error_feedback.hpp"
#include "models/fused_pass.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/clone.h>
#include <ATen/ops/empty_like.h>

namespace caps {

namespace {

class compressing_reducer final : public reducer {
public:
  compressing_reducer(std::shared_ptr<const compressor> inner, bool residual)
    : inner_(std::move(inner)), feedback_(inner_), residual_(residual) {}

  void start(const at::Tensor& weights) override {
    copy_ = at::clone(weights);
    difference_ = at::empty_like(weights);
  }

  const at::Tensor& copy() const override { return copy_; }

private:
  compressed_vector compress_gradient(const gradient_to_send& x,
                                      random_stream& stream) override {
    return residual_ ? feedback_.compress(x.values, stream)
                     : inner_->compress(x.values, stream);
  }

  compressed_vector compress_parameters(const at::Tensor& weights,
                                        random_stream& stream) override {
    fused_pass(into(difference_), from(weights, copy_),
               [](auto now, auto before) { return now - before; });
    auto result = inner_->compress(difference_, stream);
    if (residual_)
      add_decompressed(result, 1, copy_);
    else
      copy_.copy_(weights);
    return result;
  }

  void visit_own_state(state_visitor& visitor) override {
    visit_nested(visitor, "feedback", feedback_);
    visit_value(visitor, "copy", copy_);
    visit_value(visitor, "difference", difference_);
  }

  std::shared_ptr<const compressor> inner_;
  error_feedback feedback_;
  bool residual_;
  at::Tensor copy_;
  at::Tensor difference_;
};

class compressing_recipe final : public reducer_recipe {
public:
  explicit compressing_recipe(std::shared_ptr<compressor_recipe> inner)
    : inner_(std::move(inner)) {}

  void describe(option_visitor& visitor) override {
    inner_->describe(visitor);
    visitor.boolean("residual", residual_,
                    "send later what was left out; else it is lost");
  }

  std::unique_ptr<reducer> make(const parameter_layout&,
                                random_stream&) const override {
    return std::make_unique<compressing_reducer>(inner_->make(), residual_);
  }

  void check() const override {
    if (residual_ && !inner_->make()->is_contraction())
      throw input_error("unbiased = true scales up what is sent, so that "
                        "nothing is left to be sent later: it needs residual "
                        "= false");
  }

private:
  std::shared_ptr<compressor_recipe> inner_;
  bool residual_ = true;
};

} // namespace

std::unique_ptr<reducer_recipe>
compressing(std::shared_ptr<compressor_recipe> inner) {
  return std::make_unique<compressing_recipe>(std::move(inner));
}

} // namespace caps
