#include "actors/protocols/dsgd.hpp"

#include "actors/deadline.hpp"
#include "models/consensus/averaging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace caps {

void dsgd_options::describe(option_visitor& visitor) {
  visitor.time("swap_timeout", swap_timeout,
               "longest time to wait for a neighbour's parameters; the run "
               "ends with an error when it passes");
}

namespace {

class dsgd_protocol final : public protocol {
public:
  dsgd_protocol(node_context& context, const dsgd_options& options)
    : context_(context), deadline_(context, options.swap_timeout) {
    for (const auto& x : context.in_neighbours()) {
      inboxes_.push_back({x.id, {}});
      mixing_.push_back(x.weight);
    }
  }

  caf::behavior behavior() override {
    return {
      [this](start_training) { start(); },
      [this](const gradient_ready&) {
        has_gradient_ = true;
        update_when_complete();
      },
      [this](const parameters& x) { take(x); },
      [this](deadline_tick) {
        if (deadline_.passed())
          give_up();
      },
    };
  }

  std::vector<waiting> waits() const override {
    std::vector<waiting> result;
    if (has_gradient_)
      for (const auto& x : inboxes_)
        if (!has_arrived(x))
          result.push_back({x.from,
                            fmt::format("parameters of step {}",
                                        context_.step()),
                            deadline_.since()});
    return result;
  }

private:
  struct arrival {
    int64_t step = 0;
    at::Tensor weights;
  };

  /// What a neighbour sent and this node has not used yet. A neighbour can be
  /// one step ahead, so there are at most two.
  struct inbox {
    node_id from = no_node;
    std::deque<arrival> arrivals;
  };

  void start() {
    // The first update averages with the neighbours' initial parameters.
    if (context_.same_start())
      for (auto& x : inboxes_)
        x.arrivals.push_back({0, context_.parameters().weights().read()});
    else
      send_to_all();
    context_.compute();
  }

  void take(const parameters& x) {
    auto i = std::find_if(inboxes_.begin(), inboxes_.end(),
                          [&](const inbox& y) {
                            return y.from == x.stamp.source;
                          });
    if (i == inboxes_.end()) {
      context_.fail(error_code::unknown_sender,
                    fmt::format("node {} received parameters from node {}, "
                                "which is no neighbour of it",
                                context_.id(), x.stamp.source));
      return;
    }
    auto weights = context_.accept(x.stamp, x.weights);
    if (!weights.defined())
      return;
    i->arrivals.push_back({x.stamp.step, std::move(weights)});
    update_when_complete();
  }

  bool has_arrived(const inbox& x) const {
    return !x.arrivals.empty() && x.arrivals.front().step == context_.step();
  }

  void update_when_complete() {
    if (!has_gradient_)
      return;
    if (!std::all_of(inboxes_.begin(), inboxes_.end(),
                     [this](const inbox& x) { return has_arrived(x); })) {
      if (!deadline_.armed())
        deadline_.arm();
      return;
    }
    deadline_.disarm();
    update();
    if (!context_.finish_step())
      return;
    send_to_all();
    context_.compute();
  }

  void update() {
    has_gradient_ = false;
    auto& weights = context_.parameters().weights();
    auto next = weights.target();
    context_.optimizer().step(weights.read(),
                              context_.parameters().gradient().read(), next);
    std::vector<at::Tensor> received;
    for (auto& x : inboxes_) {
      received.push_back(std::move(x.arrivals.front().weights));
      x.arrivals.pop_front();
    }
    average(next, context_.self_weight(), received, mixing_, next);
    weights.commit(std::move(next));
  }

  void send_to_all() {
    for (auto to : context_.out_neighbours())
      context_.send(to, parameters{{}, context_.lend_weights()});
  }

  void give_up() {
    std::vector<std::string> missing;
    for (const auto& x : waits())
      missing.push_back(fmt::format("{} from node {}", x.what, x.from));
    context_.fail(error_code::deadline_passed,
                  fmt::format("node {} waits for {} since {:.3f} s, longer "
                              "than protocol.swap_timeout",
                              context_.id(), join(missing),
                              std::chrono::duration<double>(deadline_.since())
                                .count()));
  }

  node_context& context_;
  deadline deadline_;
  std::vector<inbox> inboxes_;
  /// Weight of each inbox in the average.
  std::vector<double> mixing_;
  bool has_gradient_ = false;
};

class dsgd_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    options_.describe(visitor);
  }

  std::unique_ptr<protocol> make(node_context& context) const override {
    return std::make_unique<dsgd_protocol>(context, options_);
  }

  round_cost cost(int64_t out_degree) const override {
    auto messages = static_cast<double>(out_degree);
    return {1, messages, messages};
  }

private:
  dsgd_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> dsgd() {
  return std::make_unique<dsgd_recipe>();
}

} // namespace caps
