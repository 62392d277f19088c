#include "runtime/recording/rerun.hpp"

#include "actors/node/actor_object.hpp"
#include "actors/observation/event_sink.hpp"
#include "messages/actors.hpp"
#include "models/checkpoint/state_archive.hpp"
#include "runtime/recording/event_check.hpp"
#include "runtime/recording/observed_row.hpp"
#include "runtime/run/kept_run.hpp"
#include "runtime/run/scenario_change.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace caps {

/// What a message, timer or computation is known by: destination, kind of
/// thing, source and number.
enum class sent_kind : uint8_t { message, timer, computation };
using sent_key = std::tuple<node_id, sent_kind, node_id, int64_t>;

/// Something that was sent.
struct sent_thing {
  observed_message letter;
  /// How often it is still to be handled.
  int64_t copies = 1;
};

namespace {

/// Stands in the place of coordinator and evaluator.
caf::behavior listener(caf::event_based_actor* self) {
  self->set_default_handler(caf::drop);
  return {[](caf::exit_msg&) {}};
}

sent_key key_of(node_id destination, std::string_view kind, node_id source,
                 int64_t number) {
  auto what = sent_kind::message;
  if (source == destination)
    what = kind == event_kind::timer ? sent_kind::timer
                                     : sent_kind::computation;
  return {destination, what, source, number};
}

caf::actor_system_config& testing(caf::actor_system_config& config,
                                  const run_plan& plan) {
  add_messages(config);
  plan.content.messages.configure(config);
  config.set("scheduler.policy", caf::atom("testing"));
  return config;
}

/// The same contents in memory of their own.
tensor_file copy_of(const tensor_file& x) {
  auto result = x;
  for (auto& tensor : result.tensors)
    tensor.value = tensor.value.clone();
  return result;
}

} // namespace

class rerun::snapshot {
public:
  int64_t position = 0;
  /// By id, as their nodes show themselves.
  std::vector<tensor_file> nodes;
  std::map<sent_key, sent_thing> waiting;
  /// Those that compute a gradient.
  std::vector<node_id> computing;
};

std::string divergence::text() const {
  return fmt::format("{}: {} (recorded, now)", event_text(recorded),
                     fmt::join(differences, "; "));
}

/// Holds the nodes, and everything that happens between them.
class rerun::stage final : public event_sink, public compute_service {
public:
  stage(const run_plan& plan, size_t threads, rerun_facts facts)
    : pool_(threads - 1),
      environment_(std::make_shared<node_environment>(*plan.environment)),
      facts_(std::move(facts)), changes_(plan.changes),
      system_(testing(config_, plan)),
      scheduler_(
        dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())) {
    environment_->events = this;
    environment_->compute = this;
    spawn(plan);
  }

  ~stage() override {
    for (const auto& x : nodes_)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(listener_, caf::exit_reason::user_shutdown);
    run_ready();
  }

  void restore(const snapshot& from) {
    for (node_id id = 0; id < nodes(); ++id)
      restore(id, copy_of(from.nodes.at(static_cast<size_t>(id))));
    waiting_ = from.waiting;
    for (auto id : from.computing)
      tickets_[id] = pool_.submit([] {});
    stand_at(from.position);
  }

  void restore(const run_state& from) {
    if (from.nodes.size() != nodes_.size())
      throw input_error(fmt::format("a state of {} nodes, expected {}",
                                    from.nodes.size(), nodes_.size()));
    for (node_id id = 0; id < nodes(); ++id)
      restore(id, from_safetensors(from.nodes.at(static_cast<size_t>(id)),
                                   snapshot_name(id)));
    for (const auto& x : deliveries_of(from, system_)) {
      const auto& origin = x.letter.origin;
      if (x.what == due_delivery::kind::computation)
        tickets_[x.to] = pool_.submit([] {});
      else if (x.what == due_delivery::kind::letter)
        ++waiting_
            .try_emplace(key_of(x.to, origin.kind, origin.stamp.source,
                                static_cast<int64_t>(origin.stamp.sequence)),
                         sent_thing{x.letter, 0})
            .first->second.copies;
    }
    stand_at(from.position);
  }

  std::shared_ptr<const snapshot> save() {
    auto result = std::make_shared<snapshot>();
    result->position = position_;
    for (const auto& [id, ticket] : tickets_) {
      pool_.wait(ticket);
      result->computing.push_back(id);
    }
    for (node_id id = 0; id < nodes(); ++id) {
      state_writer writer;
      if (!at(id).visit_state(writer))
        return nullptr;
      result->nodes.push_back(copy_of(writer.contents()));
    }
    result->waiting = waiting_;
    return result;
  }

  std::optional<divergence> handle(const event_row& next) {
    recorded_ = &next;
    now_.reset();
    auto problem = deliver(next);
    if (problem.empty()) {
      run_ready();
      if (!now_)
        problem = "the node takes it no more";
    }
    recorded_ = nullptr;
    if (!problem.empty())
      return divergence{next, std::nullopt, {problem}};
    position_ = next.sequence;
    if (changes_)
      changes_->after(position_, *environment_);
    auto found = differences(next, *now_);
    if (found.empty())
      return std::nullopt;
    return divergence{next, now_, std::move(found)};
  }

  int64_t position() const noexcept { return position_; }

  node& at(node_id id) {
    return actor_object<node>(nodes_.at(static_cast<size_t>(id)));
  }

  node_id nodes() const noexcept { return static_cast<node_id>(nodes_.size()); }

  std::vector<pending> inbox(node_id id) const {
    std::vector<pending> result;
    for (const auto& [key, x] : waiting_) {
      const auto& [destination, what, source, number] = key;
      if (destination != id)
        continue;
      const auto& origin = x.letter.origin;
      result.push_back(
        {std::string{origin.kind}, source, number, origin.stamp.step,
         static_cast<int64_t>(origin.stamp.version),
         static_cast<int64_t>(origin.bytes), origin.cause, origin.sent});
    }
    std::ranges::stable_sort(result, {}, &pending::cause);
    return result;
  }

  // -- implementation of event_sink -------------------------------------------

  event_ticket begin(const event_begin& x) override {
    // Whatever nodes handle, `handle` has delivered.
    if (recorded_ == nullptr || now_)
      return {position_, x.time};
    return {recorded_->sequence, recorded_->time};
  }

  void end(const event_end& x) override {
    if (recorded_ != nullptr && !now_)
      now_ = row_of(x, recorded_->wall);
  }

  bool take(node_id to, const observed_message& x) override {
    const auto& origin = x.origin;
    auto key = key_of(to, origin.kind, origin.stamp.source,
                      static_cast<int64_t>(origin.stamp.sequence));
    int64_t copies = 1;
    const auto& counts = facts_.counts;
    if (counts && std::get<sent_kind>(key) == sent_kind::message) {
      auto i = counts->find({origin.stamp.source, to, std::get<3>(key)});
      copies = i == counts->end() ? 0 : i->second;
    }
    if (copies > 0)
      waiting_[key] = {x, copies};
    return true;
  }

  // -- implementation of compute_service --------------------------------------

  void compute(caf::event_based_actor* self, std::function<void()> work,
               const cost&) override {
    tickets_[dynamic_cast<node&>(*self).id()] = pool_.submit(std::move(work));
  }

  compute_pool& pool() override { return pool_; }

private:
  static std::string snapshot_name(node_id id) {
    return fmt::format("the snapshot of node {}", id);
  }

  void restore(node_id id, tensor_file state) {
    state_reader reader{std::move(state), snapshot_name(id),
                        environment_->options.device()};
    at(id).visit_state(reader);
    reader.finish();
  }

  void stand_at(int64_t position) {
    position_ = position;
    if (changes_)
      changes_->up_to(position_, *environment_);
  }

  void spawn(const run_plan& plan) {
    listener_ = system_.spawn(listener);
    for (auto own : plan.nodes) {
      // What links do to messages, the recording knows.
      own.links.clear();
      nodes_.push_back(system_.spawn<node>(environment_, std::move(own)));
    }
    auto handles = std::make_shared<const std::vector<caf::actor>>(nodes_);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      introductions x;
      for (auto id : plan.nodes[i].out_neighbours)
        x.neighbours.push_back({id, nodes_[static_cast<size_t>(id)]});
      x.coordinator = listener_;
      x.evaluator = listener_;
      x.membership = listener_;
      x.way = [nodes = handles](node_id id) {
        return (*nodes)[static_cast<size_t>(id)];
      };
      caf::anon_send(nodes_[i], std::move(x));
    }
    run_ready();
  }

  void run_ready() {
    while (scheduler_.try_run_once())
      ;
  }

  /// Puts what the event handles into its node's mailbox; returns why that is
  /// not possible.
  std::string deliver(const event_row& x) {
    if (x.destination < 0 || x.destination >= nodes())
      return fmt::format("there is no node {}", x.destination);
    const auto& to = nodes_[static_cast<size_t>(x.destination)];
    if (x.source == no_node) {
      if (x.kind == event_kind::start)
        caf::anon_send(to, start_training{});
      else if (x.kind == event_kind::stop)
        caf::anon_send(to, stop_training{});
      else if (x.kind == event_kind::crash && at(x.destination).crash_time())
        caf::anon_send(to, crash_due{*at(x.destination).crash_time()});
      else if (x.kind == event_kind::crash || x.kind == event_kind::down)
        caf::anon_send(to, crash_now{x.kind == event_kind::down});
      else if (auto order = order_of(x, facts_.letters, nodes());
               !order.empty())
        caf::anon_send(to, std::move(order));
      else
        return fmt::format("nobody can tell what a {} held", x.kind);
      return {};
    }
    auto key = key_of(x.destination, x.kind, x.source, x.message);
    if (std::get<sent_kind>(key) == sent_kind::computation) {
      auto i = tickets_.find(x.destination);
      if (i == tickets_.end())
        return "the node computes nothing";
      caf::anon_send(to, computed{std::move(i->second)});
      tickets_.erase(i);
      return {};
    }
    auto i = waiting_.find(key);
    if (i == waiting_.end())
      return "it was never sent";
    caf::anon_send(to, i->second.letter);
    if (--i->second.copies == 0)
      waiting_.erase(i);
    return {};
  }

  compute_pool pool_;
  std::shared_ptr<node_environment> environment_;
  rerun_facts facts_;
  std::shared_ptr<const change_schedule> changes_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  caf::actor listener_;
  std::vector<caf::actor> nodes_;
  std::map<sent_key, sent_thing> waiting_;
  /// Computations under way.
  std::map<node_id, compute_pool::ticket> tickets_;
  int64_t position_ = 0;
  const event_row* recorded_ = nullptr;
  std::optional<event_row> now_;
};

rerun::rerun(const run_plan& plan, size_t threads, rerun_facts facts)
  : stage_(std::make_unique<stage>(plan, threads, std::move(facts))) {}

rerun::rerun(const run_plan& plan, size_t threads, rerun_facts facts,
             const snapshot& from)
  : rerun(plan, threads, std::move(facts)) {
  stage_->restore(from);
}

rerun::rerun(const run_plan& plan, size_t threads, rerun_facts facts,
             const run_state& from)
  : rerun(plan, threads, std::move(facts)) {
  stage_->restore(from);
}

rerun::~rerun() = default;

std::shared_ptr<const rerun::snapshot> rerun::save() {
  return stage_->save();
}

size_t rerun::size_bytes(const snapshot& x) {
  size_t result = 0;
  for (const auto& node : x.nodes)
    for (const auto& tensor : node.tensors)
      result += tensor.value.nbytes();
  return result;
}

int64_t rerun::position(const snapshot& x) {
  return x.position;
}

std::optional<divergence> rerun::handle(const event_row& next) {
  return stage_->handle(next);
}

int64_t rerun::position() const noexcept {
  return stage_->position();
}

node& rerun::at(node_id id) {
  return stage_->at(id);
}

node_id rerun::nodes() const noexcept {
  return stage_->nodes();
}

std::vector<rerun::pending> rerun::inbox(node_id id) const {
  return stage_->inbox(id);
}

} // namespace caps
