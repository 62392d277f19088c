#include "actors/node/gradient_work.hpp"

#include "actors/node/sent_state.hpp"
#include "models/random_state.hpp"
#include "models/state_values.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <caf/event_based_actor.hpp>

#include <utility>

namespace caps {

namespace {

/// Computes one gradient in a compute thread.
void compute_in_thread(const node_environment& environment,
                       const gradient_tensors& tensors,
                       const std::vector<int64_t>& indices,
                       random_stream augmentation_stream, uint64_t dropout_seed,
                       gradient_summary& result) {
  // Creating a generator costs more than seeding one.
  thread_local auto generator = at::detail::createCPUGenerator();
  generator.set_current_seed(dropout_seed);
  auto data = environment.train->gather(
    indices, c10::typeMetaToScalarType(environment.options.dtype()),
    environment.change, &augmentation_stream);
  auto device = environment.options.device();
  if (!device.is_cpu()) {
    data.input = data.input.to(device);
    data.target = data.target.to(device);
  }
  result = compute_gradient(*environment.model, tensors, data, generator);
}

} // namespace

void pending_gradient::commit(flat_buffer& target) && {
  auto held = std::exchange(tensors_, {});
  target.commit(std::move(held.gradient));
}

void pending_gradient::visit_state(state_visitor& visitor,
                                   caf::actor_system& system) {
  visit_value(visitor, "gradient", tensors_.gradient);
  visit_value(visitor, "loss", summary_->loss);
  visit_value(visitor, "correct", summary_->correct);
  visit_value(visitor, "samples", summary_->samples);
  visit_as_sent(system, visitor, "stamp", origin_.stamp);
  visit_value(visitor, "cause", origin_.cause);
  visit_value(visitor, "sent", origin_.sent);
}

gradient_work::gradient_work(
  std::shared_ptr<const node_environment> environment, node_id id,
  node_role role, std::vector<int64_t> shard)
  : environment_(std::move(environment)),
    time_stream_(environment_->seed, id, "compute time"),
    dropout_stream_(environment_->seed, id, "dropout") {
  if (role != node_role::parameter_server)
    sampler_.emplace(std::move(shard), environment_->sampling,
                     random_stream{environment_->seed, id, "shuffle"});
}

void gradient_work::start(caf::event_based_actor* self,
                          parameter_vector& parameters,
                          const compute_model& speed, event_origin origin) {
  CAF_ASSERT(!pending_);
  auto indices = sampler_->next();
  pending_.emplace(gradient_tensors{parameters.weights().read(),
                                    parameters.gradient().target(),
                                    parameters.buffers().writable()},
                   std::move(origin));
  compute_service::cost price;
  price.step_time = speed.draw_step_time(time_stream_);
  price.delay = speed.draw_delay(time_stream_);
  price.factor = speed.factor;
  // The streams of the job are seeded here, in the order of the node's own
  // computations, so the job may run in any thread at any time.
  auto work = [environment = environment_, tensors = pending_->tensors(),
               summary = pending_->sink(),
               samples = std::vector<int64_t>{indices.begin(), indices.end()},
               augmentation_stream = random_stream{dropout_stream_.next()},
               dropout_seed = dropout_stream_.next()] {
    compute_in_thread(*environment, tensors, samples, augmentation_stream,
                      dropout_seed, *summary);
  };
  environment_->compute->compute(self, std::move(work), price);
}

pending_gradient gradient_work::take() {
  return *std::exchange(pending_, std::nullopt);
}

void gradient_work::visit_state(state_visitor& visitor,
                                caf::actor_system& system) {
  visit_random(visitor, "compute stream", time_stream_);
  visit_random(visitor, "dropout stream", dropout_stream_);
  if (sampler_)
    visit_nested(visitor, "sampler", *sampler_);
  visit_pending(visitor, system);
}

void gradient_work::visit_pending(state_visitor& visitor,
                                  caf::actor_system& system) {
  visitor.enter("pending");
  auto computing = pending_.has_value();
  visit_value(visitor, "computing", computing);
  if (computing) {
    if (!pending_)
      pending_.emplace();
    pending_->visit_state(visitor, system);
  }
  visitor.leave();
}

} // namespace caps
