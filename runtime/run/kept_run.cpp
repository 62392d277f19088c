#include "runtime/run/kept_run.hpp"

#include "actors/coordination/coordinator.hpp"
#include "actors/evaluation/evaluator.hpp"
#include "actors/node/actor_object.hpp"
#include "actors/node/sent_state.hpp"
#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"
#include "models/state_values.hpp"

#include <fmt/format.h>

#include <type_traits>
#include <utility>

namespace caps {

namespace {

using clock_event = caf::detail::simple_actor_clock::delayed_event;

/// The state of an actor, by the pointer it knows itself by.
template <class Pointer>
auto& state_of(const caf::actor& handle) {
  return actor_object<std::remove_pointer_t<Pointer>>(handle).state;
}

coordinator_state& coordinator_of(const cluster& actors) {
  using pointer = coordinator_actor::stateful_pointer<coordinator_state>;
  return state_of<pointer>(actors.coordinator);
}

evaluator_state& evaluator_of(const cluster& actors) {
  using pointer = evaluator_actor::stateful_pointer<evaluator_state>;
  return state_of<pointer>(actors.evaluator);
}

void visit_letter(state_visitor& visitor, caf::actor_system& system,
                  due_delivery& x) {
  auto& [content, origin] = x.letter;
  visit_as_sent(system, visitor, "content", content);
  if (content.empty())
    throw input_error("the state 'content' is empty");
  visit_as_sent(system, visitor, "stamp", origin.stamp);
  visit_value(visitor, "versioned", origin.versioned);
  visit_value(visitor, "bytes", origin.bytes);
  visit_value(visitor, "digest", origin.digest);
  visit_value(visitor, "cause", origin.cause);
  visit_value(visitor, "sent", origin.sent);
  origin.kind
    = origin.stamp.source == x.to ? event_kind::timer : message_kind(content);
}

void visit_due(state_visitor& visitor, caf::actor_system& system,
               std::vector<due_delivery>& due) {
  visit_list(visitor, "due", due, {},
             [&](const std::string& name, due_delivery& x) {
               visitor.enter(name);
               visit_value(visitor, "time", x.time);
               visit_value(visitor, "to", x.to);
               visit_value(visitor, "what", x.what);
               if (x.what == due_delivery::kind::letter)
                 visit_letter(visitor, system, x);
               if (x.what == due_delivery::kind::crash)
                 visit_value(visitor, "crash_at", x.crash_at);
               visitor.leave();
             });
}

state_reader reader_of(const std::string& bytes, const std::string& name,
                       c10::Device device = at::kCPU) {
  return {from_safetensors(bytes, name), name, device};
}

std::string name_of(const run_state& state, std::string_view what) {
  return fmt::format("the state after event {}, {},", state.position, what);
}

} // namespace

kept_run::kept_run(const run_plan& plan, const cluster& actors,
                   caf::actor_system& system,
                   caf::detail::test_actor_clock& clock, compute_pool& pool)
  : plan_(plan), actors_(actors), system_(system), clock_(clock), pool_(pool) {
  for (const auto& x : actors.nodes)
    ids_.emplace(x.id(), static_cast<node_id>(ids_.size()));
}

node& kept_run::at(size_t i) const {
  return actor_object<node>(actors_.nodes.at(i));
}

std::optional<run_state> kept_run::keep(observation_log& observed) {
  if (coordinator_of(actors_).stopping)
    return std::nullopt;
  for (size_t i = 0; i < actors_.nodes.size(); ++i)
    if (!at(i).is_settled())
      return std::nullopt;
  auto due = deliveries();
  if (!due)
    return std::nullopt;
  run_state result;
  state_writer run;
  visit(run, *due);
  result.run = to_safetensors(run.contents());
  state_writer measured;
  observed.visit_state(measured, system_);
  result.observed.push_back(to_safetensors(measured.contents()));
  for (size_t i = 0; i < actors_.nodes.size(); ++i) {
    state_writer writer;
    if (!at(i).visit_state(writer))
      throw error("the protocol does not show its state");
    result.nodes.push_back(to_safetensors(writer.contents()));
  }
  observed.clear();
  return result;
}

std::optional<std::vector<due_delivery>> kept_run::deliveries() const {
  std::vector<due_delivery> result;
  for (const auto& [time, event] : clock_.schedule()) {
    auto x = delivery_of(*event);
    if (!x)
      return std::nullopt;
    result.push_back(std::move(*x));
  }
  return result;
}

std::optional<due_delivery>
kept_run::delivery_of(const clock_event& event) const {
  using actor_message = caf::detail::simple_actor_clock::actor_msg;
  if (event.subtype != caf::detail::simple_actor_clock::actor_msg_type)
    return std::nullopt;
  const auto& x = static_cast<const actor_message&>(event);
  auto to = ids_.find(x.receiver->id());
  if (to == ids_.end())
    return std::nullopt;
  due_delivery result;
  result.time = event.due.time_since_epoch();
  result.to = to->second;
  auto& content = x.content->content();
  if (content.match_elements<observed_message>()) {
    result.letter = content.get_as<observed_message>(0);
  } else if (content.match_elements<computed>()) {
    pool_.wait(content.get_as<computed>(0).ticket);
    result.what = due_delivery::kind::computation;
  } else if (content.match_elements<crash_due>()) {
    result.what = due_delivery::kind::crash;
    result.crash_at = content.get_as<crash_due>(0).at;
  } else {
    return std::nullopt;
  }
  return result;
}

void kept_run::visit(state_visitor& visitor, std::vector<due_delivery>& due) {
  auto now = clock_.current_time.time_since_epoch();
  visit_value(visitor, "now", now);
  clock_.current_time = caf::actor_clock::time_point{now};
  visit_due(visitor, system_, due);
  visitor.enter("links");
  for (size_t i = 0; i < actors_.nodes.size(); ++i) {
    visitor.enter(fmt::format("of {}", i));
    at(i).visit_links(visitor);
    visitor.leave();
  }
  visitor.leave();
  visit_nested(visitor, "coordinator", coordinator_of(actors_));
  visitor.enter("evaluator");
  evaluator_of(actors_).visit_state(visitor, system_);
  visitor.leave();
}

void kept_run::go_on_from(const run_state& state, run_observer& observer) {
  observer.on_start();
  observation_log log{observer};
  for (const auto& x : state.observed) {
    auto reader = reader_of(x, name_of(state, "what was measured before"));
    log.visit_state(reader, system_);
    reader.finish();
    log.report();
  }
  if (state.nodes.size() != actors_.nodes.size())
    throw input_error(fmt::format("{} of {} nodes, expected {}",
                                  name_of(state, "is"), state.nodes.size(),
                                  actors_.nodes.size()));
  for (size_t i = 0; i < actors_.nodes.size(); ++i) {
    auto reader
      = reader_of(state.nodes[i], name_of(state, fmt::format("node {}", i)),
                  plan_.environment->options.device());
    at(i).visit_state(reader);
    reader.finish();
    at(i).settle();
    observer.on_progress(static_cast<node_id>(i), at(i).step());
  }
  observer.on_resumed();
  std::vector<due_delivery> due;
  auto reader = reader_of(state.run, name_of(state, "the run"));
  visit(reader, due);
  reader.finish();
  for (auto& x : due)
    deliver(std::move(x));
}

void kept_run::deliver(due_delivery x) {
  auto content = [&] {
    switch (x.what) {
      case due_delivery::kind::letter:
        return caf::make_message(std::move(x.letter));
      case due_delivery::kind::computation:
        return caf::make_message(computed{pool_.submit([] {})});
      case due_delivery::kind::crash:
        return caf::make_message(crash_due{x.crash_at});
    }
    throw input_error("the state 'what' is out of its range");
  }();
  if (x.to < 0 || static_cast<size_t>(x.to) >= actors_.nodes.size())
    throw input_error("the state 'to' is out of its range");
  auto to = caf::actor_cast<caf::strong_actor_ptr>(
    actors_.nodes[static_cast<size_t>(x.to)]);
  clock_.schedule_message(caf::actor_clock::time_point{x.time}, to,
                          caf::make_mailbox_element(to, caf::make_message_id(),
                                                    {}, std::move(content)));
}

std::vector<due_delivery> deliveries_of(const run_state& state,
                                        caf::actor_system& system) {
  std::vector<due_delivery> result;
  auto reader = reader_of(state.run, name_of(state, "the run"));
  visit_due(reader, system, result);
  return result;
}

} // namespace caps
