#include "runtime/run/cluster.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <numeric>
#include <span>

namespace caps {

namespace {

/// The test samples to measure on, in ascending order.
sample_set test_samples(const run_plan& plan) {
  sample_set result{plan.data.test, {}};
  if (plan.data.test == nullptr)
    return result;
  auto& indices = result.indices;
  indices.resize(static_cast<size_t>(plan.data.test->size()));
  std::iota(indices.begin(), indices.end(), int64_t{0});
  auto wanted = static_cast<size_t>(plan.content.test_length);
  if (wanted > 0 && wanted < indices.size()) {
    random_stream stream{static_cast<uint64_t>(plan.content.seed), no_node,
                         "test samples"};
    stream.shuffle(std::span{indices});
    indices.resize(wanted);
    std::ranges::sort(indices);
  }
  return result;
}

} // namespace

membership_config make_membership_config(const run_plan& plan,
                                         const coordinator_config& everybody) {
  membership_config result;
  result.rules = plan.membership;
  result.seed = plan.environment->seed;
  result.nodes = everybody.nodes;
  result.servers = {everybody.servers.begin(), everybody.servers.end()};
  result.waits = result.servers.empty() && plan.environment->swaps.wait;
  result.observer = everybody.observer;
  result.evaluator = everybody.evaluator;
  return result;
}

void cluster::shut_down() const {
  for (const auto& node : nodes)
    caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(evaluator, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(coordinator, caf::exit_reason::user_shutdown);
  if (membership)
    caf::anon_send_exit(membership, caf::exit_reason::user_shutdown);
}

evaluator_config make_evaluator_config(const run_plan& plan,
                                       const cluster_services& services) {
  evaluator_config result;
  result.model = plan.model;
  result.options = plan.environment->options;
  result.validation = {plan.data.train, plan.validation};
  result.test = test_samples(plan);
  result.chunk = plan.content.evaluation_chunk;
  result.mean_model = plan.content.evaluation_mean_model;
  result.nodes = plan.environment->nodes;
  result.servers = plan.environment->servers;
  result.remembers = plan.membership != nullptr;
  result.pool = &services.compute->pool();
  result.observer = services.observer;
  return result;
}

cluster start_cluster(caf::actor_system& system, run_plan& plan,
                      const cluster_services& services) {
  plan.environment->compute = services.compute;
  cluster result;
  auto measure = make_evaluator_config(plan, services);
  auto rows = services.detach_evaluator
                ? system.spawn<caf::detached>(evaluator, std::move(measure))
                : system.spawn(evaluator, std::move(measure));
  result.evaluator = caf::actor_cast<caf::actor>(rows);
  for (const auto& own : plan.nodes)
    result.nodes.push_back(system.spawn<node>(plan.environment, own));
  coordinator_config everybody;
  for (size_t i = 0; i < result.nodes.size(); ++i)
    everybody.nodes.push_back({static_cast<node_id>(i), result.nodes[i]});
  everybody.evaluator = result.evaluator;
  for (const auto& x : plan.environment->servers)
    everybody.servers.push_back(x.server);
  everybody.observer = services.observer;
  if (plan.membership != nullptr)
    everybody.membership
      = system.spawn(membership, make_membership_config(plan, everybody));
  result.membership = caf::actor_cast<caf::actor>(everybody.membership);
  auto head = system.spawn(coordinator, everybody);
  result.coordinator = caf::actor_cast<caf::actor>(head);
  std::function<caf::actor(node_id)> way;
  if (plan.membership != nullptr)
    way
      = [nodes = std::make_shared<const std::vector<caf::actor>>(result.nodes)](
          node_id id) { return (*nodes)[static_cast<size_t>(id)]; };
  for (size_t i = 0; i < result.nodes.size(); ++i) {
    introductions x;
    for (auto id : plan.nodes[i].out_neighbours)
      x.neighbours.push_back(everybody.nodes[static_cast<size_t>(id)]);
    x.coordinator = result.coordinator;
    x.evaluator = result.evaluator;
    x.membership = result.membership;
    x.way = way;
    caf::anon_send(result.nodes[i], std::move(x));
  }
  if (services.start)
    caf::anon_send(result.coordinator, start_training{});
  return result;
}

} // namespace caps
