#include "actors/membership/membership.hpp"

#include "messages/error_code.hpp"
#include "models/options.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace caps {

// -- time ---------------------------------------------------------------------

membership_state::duration membership_state::now() const {
  return self->clock().now().time_since_epoch() - started;
}

const caf::actor& membership_state::handle_of(node_id id) const {
  return config.nodes[static_cast<size_t>(id)].handle;
}

void membership_state::later(duration delay, std::function<void()> f) {
  agenda.emplace(now() + delay, std::move(f));
  arm();
}

void membership_state::arm() {
  auto next = faults ? faults->next() : std::nullopt;
  if (!agenda.empty() && (!next || agenda.begin()->first < *next))
    next = agenda.begin()->first;
  if (!next || (armed && *armed <= *next))
    return;
  armed = next;
  self->delayed_send(self, std::max(duration{0}, *next - now()),
                     caf::tick_atom::value);
}

void membership_state::tick() {
  armed.reset();
  while (!over) {
    auto at = faults->next();
    if (!agenda.empty() && agenda.begin()->first <= now()
        && (!at || agenda.begin()->first <= *at)) {
      auto f = std::move(agenda.begin()->second);
      agenda.erase(agenda.begin());
      f();
    } else if (at && *at <= now()) {
      befall(faults->take());
    } else {
      break;
    }
  }
  if (!over)
    arm();
}

void membership_state::begin(membership_config wanted) {
  config = std::move(wanted);
  const auto& rules = *config.rules;
  nodes.assign(config.nodes.size(), standing::member);
  for (auto id : rules.absent)
    nodes[static_cast<size_t>(id)] = standing::away;
  edges = edges_among(rules.graph, living(),
                      [](node_id, node_id) { return false; });
}

void membership_state::start(caf::actor head) {
  coordinator = std::move(head);
  started = self->clock().now().time_since_epoch();
  faults.emplace(config.rules->faults, config.seed);
  arm();
}

// -- agreement ----------------------------------------------------------------

void membership_state::change(const std::string& cause) {
  if (over)
    return;
  if (causes.empty())
    caused = now();
  causes.push_back(cause);
  propose();
}

void membership_state::propose() {
  proposing = true;
  bound = 0;
  awaited.clear();
  for (size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i] == standing::member || nodes[i] == standing::leaving)
      awaited.insert(static_cast<node_id>(i));
  if (!config.waits || awaited.empty()) {
    commit();
    return;
  }
  for (auto id : awaited) {
    view_proposal x;
    x.number = number + 1;
    for (const auto& peer : edges[static_cast<size_t>(id)].in) {
      auto other = nodes[static_cast<size_t>(peer.id)];
      if (other == standing::gone || other == standing::away
          || other == standing::returning || parted(id, peer.id))
        x.gone.push_back(peer.id);
    }
    caf::anon_send(handle_of(id), std::move(x));
  }
  auto patience = config.patience.value_or(config.rules->deadline);
  later(patience, [this, now_it_is = ++attempt] {
    if (!proposing || attempt != now_it_is)
      return;
    for (auto id : std::exchange(awaited, {}))
      lose_silent(id);
  });
}

void membership_state::take(const view_bound& x) {
  if (x.finished)
    nodes[static_cast<size_t>(x.stamp.source)] = standing::finished;
  if (!proposing || x.number != number + 1
      || awaited.erase(x.stamp.source) == 0)
    return;
  if (!x.finished)
    bound = std::max(bound, x.step);
  if (awaited.empty())
    commit();
}

/// Who sends its state to a node that begins: the neighbour that sends it to
/// the fewest others, or somebody else.
node_id membership_state::donor_of(node_id id) const {
  std::optional<std::pair<int64_t, node_id>> best;
  auto look_at = [&](node_id x) {
    if (nodes[static_cast<size_t>(x)] != standing::member || parted(id, x))
      return;
    int64_t others = std::ranges::count_if(
      donors, [x](const auto& y) { return y.second == x; });
    if (!best || others < best->first)
      best = {others, x};
  };
  for (auto x : config.rules->graph.in[static_cast<size_t>(id)])
    look_at(static_cast<node_id>(x));
  if (!best)
    for (size_t i = 0; i < nodes.size(); ++i)
      look_at(static_cast<node_id>(i));
  return best ? best->second : no_node;
}

/// Lets those begin who can: all who have come back and whom somebody can send
/// the state of the run, and those whose donor is gone meanwhile.
void membership_state::let_begin() {
  std::erase_if(donors, [this](const auto& x) {
    return nodes[static_cast<size_t>(x.first)] != standing::beginning;
  });
  for (size_t i = 0; i < nodes.size(); ++i) {
    auto id = static_cast<node_id>(i);
    if (nodes[i] == standing::beginning) {
      auto donor = donors.at(id);
      if (nodes[static_cast<size_t>(donor)] == standing::member
          && !parted(id, donor))
        continue; // it is on its way
      donors.erase(id);
    } else if (nodes[i] != standing::returning) {
      continue;
    }
    nodes[i] = standing::returning;
    if (!config.servers.empty()) { // they have the parameters
      nodes[i] = standing::member;
      began[id] = number;
    } else if (auto donor = donor_of(id); donor != no_node) {
      nodes[i] = standing::beginning;
      began[id] = number;
      donors[id] = donor;
    }
  }
}

bool membership_state::begins(node_id id) const {
  auto i = began.find(id);
  return i != began.end() && i->second == number;
}

node_view membership_state::view_of(node_id id,
                                    const std::vector<node_id>& living,
                                    const node_edges& before) const {
  const auto& own = edges[static_cast<size_t>(id)];
  node_view x;
  x.number = number;
  x.from_step = from_step;
  x.living = living;
  x.in = own.in;
  x.out = own.out;
  x.self_weight = own.self_weight;
  x.begins = begins(id);
  x.ends = nodes[static_cast<size_t>(id)] == standing::leaving;
  for (const auto& [to, from] : donors) {
    if (to == id && x.begins)
      x.donor = from;
    if (from == id && begins(to))
      x.receivers.push_back(to);
  }
  std::set<node_id> renewed;
  for (const auto& peer : own.in)
    if (begins(peer.id)
        || std::ranges::find(before.in, peer.id, &weighted_peer::id)
             == before.in.end())
      renewed.insert(peer.id);
  for (auto to : own.out)
    if (std::ranges::find(before.out, to) == before.out.end())
      renewed.insert(to);
  x.renewed.assign(renewed.begin(), renewed.end());
  return x;
}

void membership_state::commit() {
  proposing = false;
  ++number;
  from_step = config.waits ? std::max(from_step, bound + 1) : -1;
  let_begin();
  auto taking_part = living();
  auto before = std::exchange(
    edges, edges_among(config.rules->graph, taking_part,
                       [this](node_id a, node_id b) { return parted(a, b); }));
  std::vector<node_id> members{taking_part.begin(), taking_part.end()};
  for (size_t i = 0; i < nodes.size(); ++i) {
    auto id = static_cast<node_id>(i);
    if (!taking_part.contains(id) && nodes[i] != standing::leaving
        && !unaware.contains(id))
      continue;
    caf::anon_send(handle_of(id), view_of(id, members, before[i]));
    if (nodes[i] == standing::leaving)
      nodes[i] = standing::gone;
  }
  config.observer->on_view(
    {number, now(), caused, from_step, std::move(members),
     fmt::format("{}", fmt::join(std::exchange(causes, {}), "; "))});
  give_up_on_all();
}

// -- the actor ----------------------------------------------------------------

membership_actor::behavior_type
membership(membership_actor::stateful_pointer<membership_state> self,
           membership_config config) {
  self->state.begin(std::move(config));
  return {
    [self](const start_training&) {
      self->state.start(caf::actor_cast<caf::actor>(self->current_sender()));
    },
    [self](const node_finished& x) {
      auto& it = self->state.nodes[static_cast<size_t>(x.stamp.source)];
      if (it != standing::gone)
        it = standing::finished;
      self->state.give_up_on_all();
    },
    [self](const view_bound& x) { self->state.take(x); },
    [self](const node_begun& x) {
      auto& st = self->state;
      auto& it = st.nodes[static_cast<size_t>(x.stamp.source)];
      if (it != standing::beginning || st.began[x.stamp.source] != x.view)
        return;
      it = standing::member;
      st.donors.erase(x.stamp.source);
    },
    [self](const node_returns& x) {
      self->state.unaware.erase(x.stamp.source);
      self->state.let_return(x.stamp.source);
    },
    [self](const process_gone& x) { self->state.lose(x); },
    [self](const process_returned& x) { self->state.let_return(x); },
    [self](stop_training) { self->state.stop(); },
    [self](caf::tick_atom) { self->state.tick(); },
  };
}

} // namespace caps
