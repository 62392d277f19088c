#include "actors/protocols/sync_sgd.hpp"

#include "actors/protocols/gradient_worker.hpp"
#include "actors/protocols/parameter_server.hpp"
#include "models/consensus/averaging.hpp"
#include "models/state_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

struct sync_options {
  serving_options serving;
  /// Gradients of a step that are not waited for.
  int64_t backup_workers = 0;
};

class sync_server final : public parameter_server {
public:
  sync_server(node_context& node, const sync_options& options)
    : parameter_server(node, options.serving),
      backup_workers_(options.backup_workers), round_(clients().size()) {}

  std::vector<metric_value> metrics() override {
    auto result = parameter_server::metrics();
    result.push_back(
      {"late_gradients_dropped", "", 0, static_cast<double>(dropped_)});
    return result;
  }

  bool visit_state(state_visitor& visitor) override {
    parameter_server::visit_state(visitor);
    visit_value(visitor, "round", round_);
    visit_value(visitor, "dropped", dropped_);
    return true;
  }

private:
  void take(client& from, const gradient& x, at::Tensor values) override {
    if (x.stamp.version != static_cast<uint64_t>(context().step())) {
      ++dropped_; // the update it belongs to was made without it
      answer(from);
      return;
    }
    round_[index_of(from)] = std::move(values);
    proceed();
  }

  void go_on_without(client&) override { proceed(); }

  size_t index_of(const client& x) {
    return static_cast<size_t>(&x - clients().data());
  }

  /// How many gradients an update waits for: those of the workers that are
  /// left, but for as many as there are backups.
  int64_t needed() {
    auto all = static_cast<int64_t>(round_.size());
    auto left = std::ranges::count(clients(), false, &client::lost);
    return std::clamp<int64_t>(all - backup_workers_, 1, std::max<int64_t>(1, left));
  }

  void proceed() {
    auto come = std::ranges::count_if(
      round_, [](const at::Tensor& x) { return x.defined(); });
    if (come < needed())
      return;
    auto& mean = context().parameters().gradient();
    average_known(round_, mean);
    if (!update(mean.read()))
      return;
    for (size_t i = 0; i < round_.size(); ++i)
      if (std::exchange(round_[i], {}).defined())
        answer(clients()[i]);
  }

  int64_t backup_workers_;
  /// The gradients of this step that have come, by worker.
  std::vector<at::Tensor> round_;
  int64_t dropped_ = 0;
};

class sync_sgd_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    options_.serving.describe(visitor);
    visitor.integer("backup_workers", options_.backup_workers, at_least(0),
                    "gradients of a step that are not waited for; those that "
                    "come late are dropped");
  }

  server_demand servers() const override {
    return {options_.serving.servers, false};
  }

  used_settings uses(const swap_plan&) const override {
    return used_with_servers();
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    if (node.role() == node_role::parameter_server)
      return std::make_unique<sync_server>(node, options_);
    return std::make_unique<gradient_worker>(node, options_.serving);
  }

  void check(const node_setting& node) const override {
    caps::check(options_.serving, node, "sync_sgd");
    if (node.role != node_role::parameter_server)
      return;
    auto workers = static_cast<int64_t>(node.in_neighbours.size());
    if (options_.backup_workers >= workers)
      throw input_error(fmt::format(
        "sync_sgd: backup_workers is {}, but there are only {} workers, and "
        "a step needs the gradient of one at least",
        options_.backup_workers, workers));
  }

  round_cost cost(const node_setting& node) const override {
    return serving_cost(options_.serving, node);
  }

private:
  sync_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> sync_sgd() {
  return std::make_unique<sync_sgd_recipe>();
}

} // namespace caps
