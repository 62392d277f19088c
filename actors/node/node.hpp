#pragma once

#include "actors/compute/compute_service.hpp"
#include "actors/links/link_model.hpp"
#include "actors/links/link_traffic.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/protocol.hpp"
#include "actors/observation/event_sink.hpp"
#include "models/data/dataset.hpp"
#include "models/data/sampler.hpp"
#include "models/gradient.hpp"
#include "models/nets/net.hpp"
#include "models/optim/schedule.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace caps {

struct node_config;

/// What all nodes of a run have in common. Outlives them.
struct node_environment {
  /// Number of nodes in the run.
  node_id nodes = 0;
  /// By ascending id; empty between peers.
  std::vector<server_part> servers;
  /// The seed of the scenario; every random stream derives from it.
  uint64_t seed = 0;
  std::shared_ptr<const net> model;
  initialization start = initialization::uniform_fan_in;
  /// Whether all nodes start from the same parameters.
  bool same_start = true;
  /// Parameters and buffers to start from instead of drawing them; the former
  /// may be undefined.
  at::Tensor start_weights;
  at::Tensor start_buffers;
  /// Type and device of parameters and gradients.
  at::TensorOptions options;
  std::shared_ptr<const dataset> train;
  augmentation change;
  int64_t epochs = 0;
  sampler_options sampling;
  /// Steps of one epoch: those of the largest shard, so that all nodes make
  /// the same number; smaller shards begin another pass.
  int64_t steps_per_epoch = 0;
  /// Epochs between two snapshots for the evaluator.
  int64_t snapshot_every = 1;
  swap_plan swaps;
  /// Rounds between two reports of the parameters for the consensus distance;
  /// 0 for none.
  int64_t report_every = 0;
  std::shared_ptr<const optimizer_recipe> optimizer;
  /// The learning rate over the course of the run.
  std::optional<schedule> rates;
  std::shared_ptr<const protocol_recipe> protocol;
  compute_service* compute = nullptr;
  /// Sees everything the nodes handle; null for none.
  event_sink* events = nullptr;
  /// What goes on otherwise than the run began, by id: compute models, links
  /// and crashes, and with them optimizer, learning rate and protocol options
  /// of this environment.
  /// Null until that happens; nodes see it with the next event they handle.
  /// May be replaced while no node handles one (virtual clock).
  std::shared_ptr<const std::vector<node_config>> changed;
};

/// One node's own part.
struct node_config {
  node_id id = no_node;
  node_role role = node_role::peer;
  /// The part of the parameters it keeps; empty for all of them.
  element_range part;
  /// Updates of one epoch: at a parameter server those that all workers'
  /// gradients make; 0 for the `steps_per_epoch` of all others.
  int64_t updates_per_epoch = 0;
  /// Whose messages reach this node, by ascending id.
  std::vector<neighbour> in_neighbours;
  /// Whom it sends to, by ascending id.
  std::vector<node_id> out_neighbours;
  double self_weight = 1;
  /// Samples of the training set that belong to this node; none at a parameter
  /// server.
  std::vector<int64_t> shard;
  compute_model compute;
  /// Outgoing links that are not ideal.
  std::map<node_id, link_model> links;
  /// When the node crashes, since training started; never if absent.
  std::optional<std::chrono::nanoseconds> crash_at;
};

/// Reminds a node of its crash, unless it crashes at another time by then.
struct crash_due {
  std::chrono::nanoseconds at{0};
};

/// A participant: owns parameters, data, randomness and a protocol, and is the
/// protocol's context. Implements `peer_actor`; other
/// messages go to the protocol.
class node final : public caf::event_based_actor, public node_context {
public:
  node(caf::actor_config& config,
       std::shared_ptr<const node_environment> environment, node_config own);

  const char* name() const override { return "node"; }

  caf::behavior make_behavior() override;

  void on_exit() override;

  /// Everything this node waits for; for the error of a run that stands
  /// still.
  std::vector<waiting> waits() const;

  /// Shows everything that a node must remember to go on exactly where it is;
  /// a visitor that restores makes another node of the same configuration, to
  /// which its neighbours have been introduced and which was not started, go
  /// on in its place. A gradient under way counts as computed: its computation
  /// must have ended. What is on its way to the node is not part of it, timers
  /// included.
  ///
  /// Returns whether all of it was shown: protocols need not.
  bool visit_state(state_visitor& visitor);

  /// The same for its outgoing links. A visitor that restores may have nodes
  /// only whose neighbours were introduced.
  void visit_links(state_visitor& visitor);

  /// Whether the node has taken up what goes on otherwise than the run began.
  bool is_settled() const noexcept;

  /// What goes on otherwise than the run began is in its configuration.
  void settle() { adapted_ = environment_->changed; }

  // -- implementation of node_context -----------------------------------------

  node_id id() const noexcept override { return own_.id; }
  node_id nodes() const noexcept override { return environment_->nodes; }
  node_role role() const noexcept override { return own_.role; }
  const std::vector<server_part>& servers() const noexcept override {
    return environment_->servers;
  }
  const std::vector<neighbour>& in_neighbours() const noexcept override {
    return own_.in_neighbours;
  }
  const std::vector<node_id>& out_neighbours() const noexcept override {
    return own_.out_neighbours;
  }
  double self_weight() const noexcept override { return own_.self_weight; }
  const swap_plan& swaps() const noexcept override {
    return environment_->swaps;
  }
  bool same_start() const noexcept override { return environment_->same_start; }
  parameter_vector& parameters() noexcept override { return parameters_; }
  caps::optimizer& optimizer() noexcept override { return *optimizer_; }
  random_stream& stream() noexcept override { return stream_; }
  int64_t step() const noexcept override { return step_; }
  int64_t steps_total() const noexcept override {
    return environment_->epochs * own_.updates_per_epoch;
  }
  void compute() override;
  bool finish_step() override;
  void finish() override { conclude(); }
  void count_gradient(const gradient& x) override;
  duration now() const override;
  void count_missed(node_id from) override;
  void note(const std::string& text) override;
  void fail(error_code code, const std::string& text) override;
  at::Tensor accept(const message_stamp& from,
                    const tensor_payload& x) override;
  at::Tensor accept(const message_stamp& from, const tensor_payload& x,
                    int64_t numel) override;
  tensor_payload lend_weights() override;

protected:
  message_stamp next_stamp() override;
  caf::serializer* begin_digest() override;
  void route(node_id to, outgoing x) override;
  void schedule(duration delay, caf::message content) override;
  caf::actor_system& system() noexcept override { return home_system(); }

private:
  /// Training, or not any more: a node that has finished takes no messages.
  enum class phase : uint8_t { idle, training, finished };

  /// The way to a neighbour.
  struct link {
    node_id to = no_node;
    caf::actor handle;
    /// Takes the messages if the link is not ideal.
    caf::actor injector;
    uint64_t bytes_sent = 0;
    uint64_t messages_sent = 0;
  };

  /// The gradient under way; its tensors are held until it is taken.
  struct pending_gradient {
    gradient_tensors tensors;
    std::shared_ptr<gradient_summary> summary;
    event_origin origin{};
  };

  void set_learning_rate();
  void introduce(const introductions& x);
  void start();
  void conclude();
  void crash(const crash_due& x);
  void take_gradient(const computed& x);
  void use_gradient(const computed& x, std::optional<pending_gradient> pending);
  void examine_gradient(double loss);
  void send_snapshot(bool final);
  void send_metrics();
  std::vector<edge_record> edge_records() const;
  /// Does `f`, which is what `origin` asks for, as one event.
  template <class F>
  void handle(const event_origin& origin, const caf::message& content, F f);
  void receive(caf::type_erased_tuple& content);
  /// Hands a message to the protocol.
  void dispatch(caf::type_erased_tuple& content);
  /// Takes up what goes on otherwise than the run began.
  void adapt();
  void change_optimizer();
  void change_protocol();
  void schedule_crash();
  void visit_pending(state_visitor& visitor);
  void change_links(const std::map<node_id, link_model>& links);
  /// What becomes of messages on a new link.
  link_traffic traffic_to(node_id to, const link_model& model) const;
  caf::actor make_injector(node_id to, const link_model& model);
  event_origin origin_here(std::string_view kind, uint64_t number) const;
  std::optional<int64_t> staleness_of(const event_origin& origin) const;
  uint64_t state_digest();
  /// Has the recording keep the vectors as they are after this event.
  void keep_state();
  /// Runs `f`, turning an exception into a failure of the node.
  template <class F>
  void guarded(F f);

  std::shared_ptr<const node_environment> environment_;
  node_config own_;
  /// What the node has adapted to.
  std::shared_ptr<const std::vector<node_config>> adapted_;
  parameter_vector parameters_;
  std::unique_ptr<caps::optimizer> optimizer_;
  /// The optimizer's learning rate as the scenario gives it.
  double base_rate_;
  std::unique_ptr<protocol> protocol_;
  std::shared_ptr<const protocol_recipe> protocol_made_by_;
  caf::behavior handlers_;
  /// Absent at a parameter server.
  std::optional<sampler> sampler_;
  random_stream stream_;
  random_stream compute_stream_;
  random_stream dropout_stream_;
  std::vector<link> links_;
  caf::actor coordinator_;
  caf::actor evaluator_;
  phase phase_ = phase::idle;
  int64_t step_ = 0;
  uint64_t sequence_ = 0;
  /// Time of the event at hand, and when the node started, on the clock.
  duration event_time_{0};
  duration started_{0};
  /// Own computations and timers so far.
  uint64_t computations_ = 0;
  uint64_t timers_ = 0;
  uint64_t bytes_sent_ = 0;
  uint64_t messages_sent_ = 0;
  /// Messages of each in-neighbour that did not come in time.
  std::map<node_id, uint64_t> missed_;

  std::optional<pending_gradient> pending_;

  /// Training loss since the last snapshot.
  struct epoch_sums {
    double loss = 0;
    int64_t steps = 0;
    int64_t correct = 0;
    int64_t samples = 0;
  };
  epoch_sums sums_;

  /// What somebody who looks on will be told of the event at hand.
  struct open_event {
    event_ticket ticket;
    std::optional<double> loss;
    std::optional<double> norm;
    std::optional<uint64_t> digest;
    std::optional<state_snapshot> snapshot;
    /// Messages sent and vectors looked at: they hold the memory of all
    /// digests taken.
    std::vector<caf::message> sent;
    std::vector<at::Tensor> seen;
  };
  /// Set while an event is handled, if somebody looks on.
  std::optional<open_event> event_;
  message_digest digest_;
};

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::crash_due)
