// Protocols that must not pass.

#include "actors/protocols/swapping.hpp"
#include "models/consensus/averaging.hpp"
#include "runtime/plugin/plugin.hpp"

#include <chrono>
#include <csignal>
#include <stdexcept>

namespace broken {

struct whisper;

} // namespace broken

CAF_BEGIN_TYPE_ID_BLOCK(broken, caf::id_block::caps_messages::end)
  CAF_ADD_TYPE_ID(broken, (broken::whisper))
CAF_END_TYPE_ID_BLOCK(broken)

namespace broken {

using namespace caps;

void local_step(node_context& node) {
  auto& weights = node.parameters().weights();
  auto next = weights.target();
  node.optimizer().step(weights.read(), node.parameters().gradient().read(),
                        next);
  weights.commit(std::move(next));
}

struct again {};

} // namespace broken

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(broken::again)

namespace broken {

/// Counts messages and waits for as many as there are neighbours: fine until
/// one is late, lost or comes twice, or a neighbour is gone. And it never looks
/// at what they say.
class naive final : public protocol {
public:
  naive(node_context& node, std::string fault)
    : node_(node), fault_(std::move(fault)) {}

  caf::behavior behavior() override {
    return {
      [this](start_training) { start(); },
      [this](again) { node_.after(std::chrono::milliseconds{1}, again{}); },
      [this](const gradient_ready&) {
        for (auto to : node_.out_neighbours())
          node_.send(to, parameters{{}, node_.lend_weights()});
        computed_ = true;
        proceed();
      },
      [this](const parameters& x) {
        if (x.stamp.step != node_.step())
          throw std::runtime_error("a message of another step");
        ++heard_;
        proceed();
      },
    };
  }

private:
  void start() {
    if (fault_ == "throws")
      throw std::runtime_error("no luck today");
    if (fault_ == "segfault")
      std::raise(SIGSEGV);
    if (fault_ == "endless")
      node_.after(std::chrono::milliseconds{1}, again{});
    else if (fault_ != "silent")
      node_.compute();
  }

  void proceed() {
    if (!computed_ || heard_ != node_.in_neighbours().size())
      return;
    heard_ = 0;
    computed_ = false;
    local_step(node_);
    if (node_.finish_step())
      node_.compute();
  }

  node_context& node_;
  std::string fault_;
  size_t heard_ = 0;
  bool computed_ = false;
};

struct naive_recipe final : protocol_recipe {
  void describe(option_visitor& visitor) override {
    visitor.choice("fault", fault,
                   {"none", "throws", "segfault", "endless", "silent"},
                   "what goes wrong in any case");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<naive>(node, fault);
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  std::string fault = "none";
};

/// A message that nobody has registered.
struct whisper {
  message_stamp stamp;
  tensor_payload weights;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, whisper& x) {
  return f(caf::meta::type_name("whisper"), x.stamp, x.weights);
}

/// Waits well, but looks at the machine's clock and hides what it does.
class careless final : public swapping {
public:
  explicit careless(node_context& node)
    : swapping(node, swap_order::swap_within_update) {}

  caf::behavior behavior() override {
    return handlers_for<whisper>([](const whisper&) {});
  }

private:
  void send_to(size_t index) override {
    context().send(context().out_neighbours()[index],
                   whisper{{}, context().lend_weights()});
  }

  void update() override {
    auto noise = std::chrono::steady_clock::now().time_since_epoch().count();
    context().parameters().weights().writable().add_(
      1e-9 * static_cast<double>(noise % 1000));
  }
};

struct careless_recipe final : protocol_recipe {
  void describe(option_visitor& visitor) override {
    visitor.real("strength", strength, {}, "");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<careless>(node);
  }

  round_cost cost(const node_setting& node) const override {
    return {.steps = 1,
            .messages = static_cast<double>(node.out_neighbours.size()),
            .vectors = 0};
  }

  double strength = 1;
};

/// Does all that is asked for, but of what it remembers it shows a part.
class forgetful final : public swapping {
public:
  forgetful(node_context& node, bool admits)
    : swapping(node, swap_order::swap_within_update), admits_(admits) {}

  bool visit_state(state_visitor& visitor) override {
    return swapping::visit_state(visitor) && !admits_;
  }

  caf::behavior behavior() override {
    return handlers_for_parameters(received_);
  }

private:
  void begin() override {
    received_.assign(mixing().size(), context().parameters().weights().read());
  }

  void prepare() override { local_step(context()); }

  void send_to(size_t index) override {
    context().send(context().out_neighbours()[index],
                   parameters{{}, context().lend_weights()});
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    average(weights.read(), context().self_weight(), received_, mixing(), next);
    weights.commit(std::move(next));
  }

  bool admits_;
  // Not shown.
  std::vector<at::Tensor> received_;
};

struct forgetful_recipe final : protocol_recipe {
  void describe(option_visitor& visitor) override {
    visitor.boolean("admits", admits, "it says that it does not show all");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<forgetful>(node, admits);
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  bool admits = false;
};

void add_components(plugin_registrar& to) {
  to.protocols.add({"forgetful", "does not show all it remembers",
                    [] { return std::make_unique<forgetful_recipe>(); }});
  to.protocols.add({"naive", "fails when anything else does",
                    [] { return std::make_unique<naive_recipe>(); }});
  to.protocols.add({"careless", "breaks promises in silence",
                    [] { return std::make_unique<careless_recipe>(); }});
}

} // namespace broken

CAPS_PLUGIN(broken::add_components)
