#include "models/consensus/pdmm_sgd.hpp"

#include <fmt/format.h>

#include <cmath>

namespace caps {

namespace {

void require(bool holds, const char* name, double value, const char* what) {
  if (!holds || !std::isfinite(value))
    throw input_error(
      fmt::format("pdmm_sgd: {} is {}, but must be {}", name, value, what));
}

/// Calls f(range, fan_in) for stretches of parameters of equal fan-in, such as
/// a weight and its bias.
template <class F>
void for_each_fan_in(const parameter_layout& layout, F f) {
  element_range range;
  int64_t fan_in = 0;
  for (const auto& entry : layout.entries()) {
    if (entry.fan_in != fan_in) {
      if (range.numel > 0)
        f(range, fan_in);
      range = {entry.offset, 0};
      fan_in = entry.fan_in;
    }
    range.numel += entry.numel;
  }
  if (range.numel > 0)
    f(range, fan_in);
}

void step_with(const pdmm_sgd_options& options, double learning_rate,
               const parameter_layout& layout, const dual_step& step) {
  check(options);
  require(learning_rate > 0, "the learning rate", learning_rate, "positive");
  if (layout.numel() != step.next.numel())
    throw error(fmt::format("pdmm_sgd got {} parameters for a net of {}",
                            step.next.numel(), layout.numel()));
  auto mu = 1 / learning_rate;
  auto neighbours = static_cast<double>(step.edges.size());
  auto pull = step.edges.empty() ? 0 : mu * (options.eta / options.mu);
  auto proximity = step.edges.empty() ? 0 : options.rho;
  for_each_fan_in(layout, [&](element_range range, int64_t fan_in) {
    auto scale = std::sqrt(static_cast<double>(fan_in));
    auto denominator = mu + scale * (pull + proximity);
    run(step, range,
        {.weights = mu / denominator,
         .gradient = -1 / denominator,
         .dual = scale * pull / neighbours / denominator,
         .parameters = scale * proximity / neighbours / denominator});
  });
}

} // namespace

void check(const pdmm_sgd_options& options) {
  require(options.mu > 0, "mu", options.mu, "positive");
  require(options.eta > 0, "eta", options.eta, "positive");
  require(options.rho >= 0, "rho", options.rho, "0 or more");
}

void pdmm_sgd(const pdmm_sgd_options& options, double learning_rate,
              const parameter_layout& layout, const at::Tensor& weights,
              const at::Tensor& gradient, std::span<const dual_edge> edges,
              const at::Tensor& next) {
  step_with(options, learning_rate, layout,
            {weights, gradient, edges, next, false});
}

void admm_sgd(const pdmm_sgd_options& options, double learning_rate,
              const parameter_layout& layout, const at::Tensor& weights,
              const at::Tensor& gradient, std::span<const dual_edge> edges,
              const at::Tensor& next) {
  step_with(options, learning_rate, layout,
            {weights, gradient, edges, next, true});
}

} // namespace caps
