#include "models/consensus/isvr.hpp"

#include <fmt/format.h>

#include <cmath>

namespace caps {

namespace {

void step_with(const isvr_options& options, double learning_rate,
               const dual_step& step) {
  auto neighbours = static_cast<double>(step.edges.size());
  auto eta = isvr_eta(options, learning_rate, step.edges.size());
  auto steps = static_cast<double>(options.steps_per_round);
  auto gamma
    = options.use_gcoef
        ? 1 - learning_rate * eta * neighbours * (steps / options.piw - 1)
        : 1.0;
  auto denominator = 1 / learning_rate + neighbours * eta;
  run(step, {0, step.next.numel()},
      {.weights = 1 / learning_rate / denominator,
       .gradient = -gamma / denominator,
       .dual = eta / denominator});
}

} // namespace

double isvr_eta(const isvr_options& options, double learning_rate,
                size_t neighbours) {
  if (!(learning_rate > 0) || !std::isfinite(learning_rate))
    throw input_error(fmt::format("isvr: the learning rate is {}, but must be "
                                  "positive",
                                  learning_rate));
  if (options.steps_per_round < 1)
    throw input_error(fmt::format("isvr: a round has {} steps, but must have 1 "
                                  "or more",
                                  options.steps_per_round));
  auto p = options.piw;
  auto steps = static_cast<double>(options.steps_per_round);
  auto edges = static_cast<double>(neighbours);
  auto eta = p / (learning_rate * (steps * edges + steps - p * edges));
  if (!(p > 0) || !(eta > 0) || !std::isfinite(eta))
    throw input_error(
      fmt::format("isvr: piw {} with {} steps a round and {} neighbours makes "
                  "eta {}, which "
                  "must be positive: choose piw above 0 and below {}",
                  p, options.steps_per_round, neighbours, eta,
                  neighbours == 0 ? INFINITY : steps * (edges + 1) / edges));
  return eta;
}

void pdmm_isvr(const isvr_options& options, double learning_rate,
               const at::Tensor& weights, const at::Tensor& gradient,
               std::span<const dual_edge> edges, const at::Tensor& next) {
  step_with(options, learning_rate, {weights, gradient, edges, next, false});
}

void admm_isvr(const isvr_options& options, double learning_rate,
               const at::Tensor& weights, const at::Tensor& gradient,
               std::span<const dual_edge> edges, const at::Tensor& next) {
  step_with(options, learning_rate, {weights, gradient, edges, next, true});
}

} // namespace caps
