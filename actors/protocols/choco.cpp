#include "actors/protocols/choco.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/compressed_payload.hpp"
#include "actors/protocols/swapping.hpp"
#include "models/compression/compressor.hpp"
#include "models/consensus/choco.hpp"
#include "models/optim/update.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

namespace caps {

namespace {

struct choco_options {
  double step_size = 0.5;
  std::string compressor = "top_k";
  /// The chosen compressor's own options.
  std::shared_ptr<compressor_recipe> recipe
    = built_in_compressors().at("top_k").recipe();
};

class choco_protocol final : public swapping {
public:
  choco_protocol(node_context& node, const choco_options& options)
    : swapping(node, swap_order::swap_within_update),
      step_size_(options.step_size), compressor_(options.recipe->make()) {}

  caf::behavior behavior() override {
    return handlers_for<compressed_difference, parameters>(
      {[this](const compressed_difference& x) { take(x); },
       [this](const parameters& x) { take(x); }});
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    visit_value(visitor, "public_copy", public_copy_);
    visit_value(visitor, "copies", copies_);
    visit_value(visitor, "difference", difference_);
    visit_value(visitor, "sends_whole", sends_whole_);
    context().visit_as_sent(visitor, "change", change_);
    return true;
  }

private:
  void begin() override {
    const auto& start = context().parameters().weights().read();
    auto copy = [&] {
      return context().same_start() ? start.clone() : at::zeros_like(start);
    };
    public_copy_ = copy();
    for (size_t i = 0; i < mixing().size(); ++i)
      copies_.push_back(copy());
    difference_ = at::empty_like(start);
    // Who begins among others is known to nobody.
    sends_whole_.assign(context().out_neighbours().size(),
                        context().step() > 0);
  }

  bool edges_changed(const edge_changes& x) override {
    edge_changes::carry(copies_, x.in,
                        [&](size_t) { return at::zeros_like(public_copy_); });
    sends_whole_.clear();
    for (const auto& before : x.out)
      sends_whole_.push_back(!before);
    return true;
  }

  bool needs_every_message() const override { return true; }

  void take(const compressed_difference& x) {
    auto content = to_compressed(x.content, difference_.numel(),
                                 difference_.scalar_type());
    add_decompressed(content, 1, copies_[index_of(x.stamp.source)]);
  }

  /// The whole public copy of a neighbour with whom this node begins anew.
  void take(const parameters& x) {
    auto copy = context().accept(x.stamp, x.weights);
    if (copy.defined())
      copies_[index_of(x.stamp.source)] = copy.clone();
  }

  /// The local update, and what it changes in the public copy.
  void prepare() override {
    auto& weights = context().parameters().weights();
    caps::update(context().optimizer(), weights,
                 context().parameters().gradient().read());
    choco_difference(weights.read(), public_copy_, difference_);
    auto change = compressor_->compress(difference_, context().stream());
    add_decompressed(change, 1, public_copy_);
    // An exact "compression" shares the memory it was given.
    if (compressor_->is_exact())
      difference_ = at::empty_like(difference_);
    change_ = to_payload(change);
  }

  void send_to(size_t index) override {
    if (sends_whole_[index])
      send(index, parameters{{}, to_payload(public_copy_.clone())});
    else
      send(index, compressed_difference{{}, change_});
    sends_whole_[index] = false;
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    choco_average(weights.read(), public_copy_, copies_, mixing(), step_size_,
                  next);
    weights.commit(std::move(next));
  }

  double step_size_;
  std::unique_ptr<compressor> compressor_;
  /// This node's parameters as its neighbours know them.
  at::Tensor public_copy_;
  /// Those of the neighbours.
  std::vector<at::Tensor> copies_;
  at::Tensor difference_;
  compressed_payload change_;
  /// Whether an out-neighbour is sent the whole copy next.
  std::vector<bool> sends_whole_;
};

class choco_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.real("step_size", options_.step_size,
                 {.min = 0, .max = 1, .min_open = true},
                 "gamma, how far a step goes towards the neighbours' public "
                 "copies; smaller for stronger compression");
    auto known = built_in_compressors();
    auto names = known.names();
    auto before = options_.compressor;
    visitor.choice("compressor", options_.compressor,
                   {names.begin(), names.end()},
                   "what makes the differences smaller");
    if (options_.compressor != before)
      options_.recipe = known.at(options_.compressor).recipe();
    options_.recipe->describe(visitor);
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<choco_protocol>(node, options_);
  }

  used_settings uses(const swap_plan&) const override {
    return {.buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, "choco_sgd");
    require_every_step(node, "choco_sgd");
  }

private:
  choco_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> choco_sgd() {
  return std::make_unique<choco_recipe>();
}

} // namespace caps
