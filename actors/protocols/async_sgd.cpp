#include "actors/protocols/async_sgd.hpp"

#include "actors/protocols/gradient_worker.hpp"
#include "actors/protocols/parameter_server.hpp"
#include "models/consensus/delay_compensation.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/empty_like.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace caps {

namespace {

struct async_options {
  serving_options serving{.servers = 1, .min_workers = 1};
  /// Steps a worker may be ahead of the slowest; infinite for no bound.
  double max_staleness = std::numeric_limits<double>::infinity();
  std::string staleness_rate = "constant";
  /// lambda of the delay compensation.
  double compensation = 0;
};

/// How often each value occurred.
using histogram = std::map<int64_t, int64_t>;

class async_server final : public parameter_server {
public:
  async_server(node_context& node, const async_options& options)
    : parameter_server(node, options.serving), options_(options),
      worker_steps_(node.steps_total()
                    / static_cast<int64_t>(clients().size())),
      accounts_(clients().size()) {}

  std::vector<metric_value> metrics() override {
    auto result = parameter_server::metrics();
    auto add = [&](const char* name, size_t i, const histogram& counts) {
      for (auto [at, count] : counts)
        result.push_back({name, std::to_string(clients()[i].from.id()), at,
                          static_cast<double>(count)});
    };
    for (size_t i = 0; i < accounts_.size(); ++i) {
      add("staleness", i, accounts_[i].staleness);
      add("steps_ahead", i, accounts_[i].ahead);
    }
    return result;
  }

  bool visit_state(state_visitor& visitor) override {
    parameter_server::visit_state(visitor);
    for (size_t i = 0; i < accounts_.size(); ++i) {
      auto& x = accounts_[i];
      visitor.enter(fmt::format("account {}", clients()[i].from.id()));
      visit_value(visitor, "pulled", x.pulled);
      visit_value(visitor, "version", x.version);
      visit_value(visitor, "held", x.held);
      visit_value(visitor, "staleness", x.staleness);
      visit_value(visitor, "ahead", x.ahead);
      visitor.leave();
    }
    return true;
  }

private:
  /// What the server keeps of one worker.
  struct account {
    /// What the worker was sent last, where compensation needs it: the very
    /// version, which nobody writes to while it is held.
    at::Tensor pulled;
    uint64_t version = 0;
    /// Waits until it is not too far ahead any more.
    bool held = false;
    histogram staleness;
    histogram ahead;
  };

  void take(client& from, const gradient& x, at::Tensor values) override {
    auto& own = account_of(from);
    auto staleness = context().step() - static_cast<int64_t>(x.stamp.version);
    ++own.staleness[staleness];
    ++own.ahead[x.stamp.step - std::min(slowest(), x.stamp.step)];
    if (!apply(own, x, staleness, values))
      return;
    from.done = x.stamp.step + 1 >= worker_steps_;
    own.held = true;
    release();
    finish_if_alone();
  }

  void answered(client& to) override {
    auto& own = account_of(to);
    own.held = false;
    own.version = static_cast<uint64_t>(context().step());
    if (options_.compensation > 0)
      own.pulled = as_known_to(to);
  }

  void go_on_without(client& x) override {
    account_of(x).held = false;
    release();
    finish_if_alone();
  }

  /// The run is over when no worker has steps left.
  void finish_if_alone() {
    if (std::ranges::all_of(
          clients(), [](const client& x) { return x.done || x.lost; }))
      finish();
  }

  account& account_of(const client& x) {
    return accounts_[static_cast<size_t>(&x - clients().data())];
  }

  bool apply(const account& from, const gradient& x, int64_t staleness,
             const at::Tensor& values) {
    auto slow_down = options_.staleness_rate == "inverse" && staleness > 1;
    return update(compensated(from, x, values),
                  slow_down ? 1 / static_cast<double>(staleness) : 1);
  }

  at::Tensor compensated(const account& from, const gradient& x,
                         const at::Tensor& values) {
    // A worker that was answered twice may have used the other answer.
    if (options_.compensation == 0 || from.version != x.stamp.version
        || !from.pulled.defined())
      return values;
    auto& corrected = context().parameters().gradient();
    auto next = corrected.target();
    compensate_delay(values, context().parameters().weights().read(),
                     from.pulled, options_.compensation, next);
    corrected.commit(std::move(next));
    return corrected.read();
  }

  /// Gradients taken from the worker that is furthest behind.
  int64_t slowest() const {
    auto result = worker_steps_;
    for (const auto& x : clients())
      if (!x.lost && !x.done)
        result = std::min(result, x.newest_step + 1);
    return result;
  }

  /// Answers the workers that need not wait.
  void release() {
    auto limit = static_cast<double>(slowest()) + options_.max_staleness;
    for (auto& x : clients())
      if (account_of(x).held
          && (x.done || static_cast<double>(x.newest_step + 1) <= limit))
        answer(x);
  }

  async_options options_;
  /// Gradients each worker computes.
  int64_t worker_steps_;
  std::vector<account> accounts_;
};

class async_sgd_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    options_.serving.describe(visitor);
    visitor.real("max_staleness", options_.max_staleness,
                 {.min = 0, .max = std::numeric_limits<double>::infinity()},
                 "steps a worker may be ahead of the slowest one before it "
                 "waits; inf: nobody waits");
    visitor.choice("staleness_rate", options_.staleness_rate,
                   {"constant", "inverse"},
                   "learning rate of a stale gradient: constant, or inverse "
                   "to its staleness");
    visitor.real("compensation", options_.compensation, non_negative(),
                 "lambda of the delay compensation g + lambda g g (w - w_old); "
                 "0 for none");
  }

  server_demand servers() const override {
    return {options_.serving.servers, true};
  }

  used_settings uses(const swap_plan&) const override {
    return used_with_servers();
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    if (node.role() == node_role::parameter_server)
      return std::make_unique<async_server>(node, options_);
    return std::make_unique<gradient_worker>(node, options_.serving);
  }

  void check(const node_setting& node) const override {
    caps::check(options_.serving, node, "async_sgd");
    auto bound = options_.max_staleness;
    if (std::isfinite(bound) && bound != std::floor(bound))
      throw input_error(fmt::format("async_sgd: max_staleness counts steps, "
                                    "but is {}",
                                    to_text(bound)));
  }

  round_cost cost(const node_setting& node) const override {
    return serving_cost(options_.serving, node);
  }

private:
  async_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> async_sgd() {
  return std::make_unique<async_sgd_recipe>();
}

} // namespace caps
