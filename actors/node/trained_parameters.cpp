#include "actors/node/trained_parameters.hpp"

#include "models/checkpoint/state_archive.hpp"
#include "models/state_values.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <utility>

namespace caps {

namespace {

/// The layout of what the node keeps.
std::shared_ptr<const parameter_layout>
layout_of(const node_environment& environment, const element_range& part) {
  const auto& whole = environment.model->layout_ptr();
  if (part.numel == whole->numel())
    return whole;
  return std::make_shared<parameter_layout>(
    part_of(*whole, part.offset, part.numel));
}

/// Writes the node's first parameters.
void start_parameters(const node_environment& environment, node_id id,
                      const element_range& part, parameter_vector& parameters) {
  // A part starts as that part of the whole.
  parameter_vector whole{environment.model->layout_ptr(), environment.options};
  if (environment.start_weights.defined()) {
    whole.weights().writable().copy_(environment.start_weights);
    whole.buffers().writable().copy_(environment.start_buffers);
  } else {
    auto owner = environment.same_start ? no_node : id;
    auto generator = at::detail::createCPUGenerator(
      derive_seed(environment.seed, owner, "initial parameters"));
    initialize(whole.layout(), environment.start, generator,
               whole.weights().writable(), whole.buffers().writable());
  }
  parameters.weights().writable().copy_(
    whole.weights().read().narrow(0, part.offset, part.numel));
  if (parameters.layout().buffer_numel() > 0)
    parameters.buffers().writable().copy_(whole.buffers().read());
}

} // namespace

trained_parameters::trained_parameters(
  std::shared_ptr<const node_environment> environment, const node_config& own)
  : environment_(std::move(environment)),
    steps_per_epoch_(own.updates_per_epoch),
    vectors_(layout_of(*environment_, own.part), environment_->options),
    optimizer_(environment_->optimizer->make(vectors_.layout_ptr(),
                                             environment_->options)),
    base_rate_(optimizer_->learning_rate()) {
  start_parameters(*environment_, own.id, own.part, vectors_);
  set_learning_rate();
}

void trained_parameters::count_step() {
  ++step_;
  set_learning_rate();
}

void trained_parameters::go_on_from(int64_t step, const at::Tensor& weights,
                                    const at::Tensor& buffers) {
  step_ = step;
  vectors_.weights().writable().copy_(weights);
  if (vectors_.layout().buffer_numel() > 0)
    vectors_.buffers().writable().copy_(buffers);
  set_learning_rate();
}

void trained_parameters::set_learning_rate() {
  if (environment_->rates)
    optimizer_->learning_rate(rate_after(step_));
}

double trained_parameters::rate_after(int64_t step) const {
  const auto& rates = *environment_->rates;
  auto position = step;
  if (rates.unit() == schedule_unit::epoch)
    position /= steps_per_epoch_;
  else if (rates.unit() == schedule_unit::round)
    position /= environment_->swaps.schedule->round();
  return rates.rate(base_rate_, position);
}

double trained_parameters::last_rate() const {
  return environment_->rates ? rate_after(std::max<int64_t>(0, step_ - 1))
                             : optimizer_->learning_rate();
}

void trained_parameters::change_optimizer() {
  state_writer memory;
  optimizer_->visit_state(memory);
  auto rule = environment_->optimizer->make(vectors_.layout_ptr(),
                                            environment_->options);
  base_rate_ = rule->learning_rate();
  state_reader reader{memory.contents(), "the optimizer",
                      environment_->options.device()};
  rule->visit_state(reader);
  rule->learning_rate(base_rate_);
  optimizer_ = std::move(rule);
  set_learning_rate();
}

void trained_parameters::visit_state(state_visitor& visitor) {
  visit_value(visitor, "step", step_);
  visit_value(visitor, "weights", vectors_.weights());
  visit_value(visitor, "gradient", vectors_.gradient());
  visit_value(visitor, "buffers", vectors_.buffers());
  visit_nested(visitor, "optimizer", *optimizer_);
}

} // namespace caps
