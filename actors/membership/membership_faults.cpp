// What befalls the nodes of a run, and who is left.

#include "actors/membership/membership.hpp"

#include "messages/error_code.hpp"
#include "models/options.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace caps {

// -- faults -------------------------------------------------------------------

void membership_state::befall(const fault& x) {
  if (x.kind == fault_kind::partition) {
    part(x);
    return;
  }
  if (x.kind == fault_kind::heal) {
    while (!partitions.empty())
      join_parts(partitions.begin()->first);
    return;
  }
  for (auto id : x.nodes)
    befall(x, id);
}

void membership_state::befall(const fault& x, node_id id) {
  auto& now_it_is = nodes[static_cast<size_t>(id)];
  if (x.kind == fault_kind::join) {
    if (now_it_is == standing::away)
      let_return(id);
    return;
  }
  // A node that is not there cannot be lost.
  if (now_it_is != standing::member && now_it_is != standing::beginning)
    return;
  switch (x.kind) {
    case fault_kind::crash:
      caf::anon_send(handle_of(id), crash_now{false});
      lose(id, standing::gone, fmt::format("node {} crashed", id));
      return;
    case fault_kind::restart:
      caf::anon_send(handle_of(id), crash_now{true});
      lose(id, standing::away, fmt::format("node {} crashed", id));
      later(*x.lasts, [this, id] { let_return(id); });
      return;
    case fault_kind::pause:
      if (!paused.insert(id).second)
        return;
      caf::anon_send(handle_of(id), pause_node{});
      later(*x.lasts, [this, id] {
        paused.erase(id);
        caf::anon_send(handle_of(id), resume_node{});
      });
      later(config.rules->deadline, [this, id] {
        if (paused.contains(id))
          lose_silent(id);
      });
      return;
    case fault_kind::leave:
      now_it_is = standing::leaving;
      if (has_enough())
        change(fmt::format("node {} leaves", id));
      return;
    default:
      return;
  }
}

bool membership_state::partition::parts(node_id a, node_id b) const {
  if (edge)
    return (edge->first == a && edge->second == b)
           || (edge->first == b && edge->second == a);
  auto on_one_side
    = [this](node_id x) { return std::ranges::find(nodes, x) != nodes.end(); };
  return on_one_side(a) != on_one_side(b);
}

void membership_state::tell_of(const partition& x, bool parted) {
  for (const auto& node : config.nodes) {
    std::vector<node_id> peers;
    for (const auto& other : config.nodes)
      if (x.parts(node.id, other.id))
        peers.push_back(other.id);
    if (peers.empty())
      continue;
    if (parted)
      caf::anon_send(node.handle, part_links{std::move(peers)});
    else
      caf::anon_send(node.handle, join_links{std::move(peers)});
  }
}

void membership_state::part(const fault& x) {
  auto id = next_partition++;
  auto& added = partitions[id] = {x.nodes, x.edge, false};
  tell_of(added, true);
  later(config.rules->deadline, [this, id] {
    auto i = partitions.find(id);
    if (i == partitions.end())
      return;
    i->second.noticed = true;
    const auto& edge = i->second.edge;
    change(edge ? fmt::format("nodes {} and {} hear nothing of each other",
                              edge->first, edge->second)
                : fmt::format("nodes {} hear nothing of the others",
                              fmt::join(i->second.nodes, ", ")));
  });
  if (x.lasts)
    later(*x.lasts, [this, id] { join_parts(id); });
}

void membership_state::join_parts(int64_t id) {
  auto i = partitions.find(id);
  if (i == partitions.end())
    return;
  auto ended = std::move(i->second);
  partitions.erase(i);
  tell_of(ended, false);
  if (ended.noticed)
    change(ended.edge ? fmt::format("nodes {} and {} hear of each other again",
                                    ended.edge->first, ended.edge->second)
                      : fmt::format("nodes {} hear of the others again",
                                    fmt::join(ended.nodes, ", ")));
}

// -- who takes part -----------------------------------------------------------

std::set<node_id> membership_state::living() const {
  std::set<node_id> result;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i] == standing::member || nodes[i] == standing::beginning
        || nodes[i] == standing::finished)
      result.insert(static_cast<node_id>(i));
  return result;
}

void membership_state::lose(node_id id, standing to, const std::string& why) {
  auto& it = nodes[static_cast<size_t>(id)];
  if (it == standing::gone || it == standing::finished || it == standing::away)
    return;
  it = to;
  if (has_enough())
    change(why);
}

void membership_state::let_return(node_id id) {
  auto& it = nodes[static_cast<size_t>(id)];
  if (it != standing::away)
    return;
  if (auto i = unreachable.find(id); i != unreachable.end()) {
    i->second.returns = true;
    return;
  }
  it = standing::returning;
  change(fmt::format(
    "node {} is {}", id,
    began.contains(id) || !config.rules->absent.contains(id) ? "back" : "new"));
}

void membership_state::lose(const process_gone& x) {
  std::vector<node_id> lost;
  for (auto id : x.nodes) {
    auto& it = nodes[static_cast<size_t>(id)];
    if (it == standing::gone || it == standing::finished)
      continue;
    // One that was away comes back when it wanted to.
    unreachable[id] = {x.text, it != standing::away};
    paused.erase(id);
    unaware.erase(id);
    caf::anon_send(config.evaluator, node_away{{id, 0, 0, 0}, true});
    if (it == standing::leaving)
      bury(id, x.text);
    else if (it != standing::away)
      lost.push_back(id);
    it = it == standing::leaving ? standing::gone : standing::away;
  }
  if (!lost.empty() && has_enough())
    change(fmt::format("{}: node{} {} gone", x.text, lost.size() > 1 ? "s" : "",
                       fmt::join(lost, ", ")));
  give_up_on_all();
}

void membership_state::let_return(const process_returned& x) {
  std::vector<node_id> back;
  for (auto id : x.nodes) {
    auto was = unreachable.extract(id);
    if (over || was.empty())
      continue;
    caf::anon_send(handle_of(id), start_training{now().count()});
    if (!was.mapped().returns)
      continue;
    nodes[static_cast<size_t>(id)] = standing::returning;
    back.push_back(id);
  }
  if (!back.empty())
    change(fmt::format("node{} {} back", back.size() > 1 ? "s" : "",
                       fmt::join(back, ", ")));
}

void membership_state::bury(node_id id, const std::string& text) {
  unreachable.erase(id);
  nodes[static_cast<size_t>(id)] = standing::gone;
  caf::anon_send(coordinator,
                 node_failed{{id, 0, 0, 0},
                             static_cast<uint8_t>(error_code::node_crashed),
                             text});
}

void membership_state::stop() {
  over = true;
  for (const auto& [id, x] : std::exchange(unreachable, {}))
    bury(id, x.text);
}

/// A node that says nothing may be there again later without knowing.
void membership_state::lose_silent(node_id id) {
  unaware.insert(id);
  lose(id, standing::away,
       fmt::format("node {} has said nothing for {}", id,
                   to_text(config.rules->deadline)));
}

/// Ends the run.
void membership_state::fail(node_id id, const std::string& text) {
  over = true;
  caf::anon_send(coordinator,
                 node_failed{{id, 0, 0, 0},
                             static_cast<uint8_t>(error_code::node_lost),
                             text});
}

/// Whether the run can go on; ends it if it cannot.
bool membership_state::has_enough() {
  for (auto id : config.servers)
    if (auto it = nodes[static_cast<size_t>(id)];
        it != standing::member && it != standing::finished) {
      fail(id, fmt::format("parameter server {} is gone, and nobody stands in "
                           "for it",
                           id));
      return false;
    }
  // Then they have ended, each for itself.
  if (std::ranges::count(nodes, standing::gone) == std::ssize(nodes))
    return false;
  auto left = std::ranges::count(nodes, standing::member)
              + std::ranges::count(nodes, standing::finished)
              - static_cast<int64_t>(config.servers.size());
  if (left >= config.rules->min_nodes)
    return true;
  fail(no_node, left == 0
                  ? "no node is left that has the state of the run"
                  : fmt::format("{} nodes are left, membership.min_nodes is {}",
                                left, config.rules->min_nodes));
  return false;
}

/// Of nodes that are away while all others have finished.
void membership_state::give_up_on_all() {
  auto trains = [](standing x) {
    return x == standing::member || x == standing::leaving;
  };
  if (over || std::ranges::any_of(nodes, trains))
    return;
  stop();
  for (size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i] == standing::away || nodes[i] == standing::returning
        || nodes[i] == standing::beginning)
      caf::anon_send(config.nodes[i].handle, give_up{});
  // They have heard it by then.
  for (auto id : std::exchange(paused, {}))
    caf::anon_send(handle_of(id), resume_node{});
}

bool membership_state::parted(node_id a, node_id b) const {
  return std::ranges::any_of(partitions, [&](const auto& x) {
    return x.second.noticed && x.second.parts(a, b);
  });
}

} // namespace caps
