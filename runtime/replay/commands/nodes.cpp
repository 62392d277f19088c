#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "models/registry.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>

namespace caps {

namespace {

constexpr std::array state_kinds{state_kind::weights, state_kind::buffers,
                                 state_kind::gradient, state_kind::optimizer};

/// Messages shown of an inbox; --json has them all.
constexpr size_t inbox_rows_max = 50;

/// Elements of a layer shown.
constexpr size_t values_shown = 8;

/// Writes to a node that `when` looks at for one layer.
constexpr size_t writes_examined_max = 1000;

const recorded_node& read_node(session& s, words& in) {
  return s.file().node(in.number("node"));
}

/// What was sent to a node, or set out by itself, and not handled yet.
query inbox_of(session& s, int64_t node) {
  query q{s.file(),
          fmt::format("SELECT {} FROM event WHERE sequence > ? AND destination "
                      "= ? AND cause <= ? ORDER BY sequence",
                      event_columns)};
  auto position = s.place().position();
  q.bind(position).bind(node).bind(position);
  return q;
}

node_state state_of(session& s, state_kind kind, int64_t node) {
  auto state = s.states().find(kind, node, s.place().position());
  if (!state)
    throw input_error(fmt::format("nothing is known of the {} of node {} up to "
                                  "here",
                                  to_text(kind), node));
  return std::move(*state);
}

/// "right after event #118" or "of event #110, the last one known".
std::string origin_text(const node_state& x, int64_t start) {
  auto event
    = x.sequence == start ? "the start" : fmt::format("event #{}", x.sequence);
  return fmt::format("step {}, after {}{}", x.step, event,
                     x.exact ? "" : ", the last that is known");
}

nlohmann::ordered_json origin_json(const node_state& x) {
  return {{"node", x.node},
          {"sequence", x.sequence},
          {"step", x.step},
          {"exact", x.exact}};
}

struct statistics {
  double norm = 0;
  double mean = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
};

statistics statistics_of(const std::vector<double>& values) {
  statistics x;
  double squares = 0;
  for (auto value : values) {
    squares += value * value;
    x.mean += value;
    x.min = std::min(x.min, value);
    x.max = std::max(x.max, value);
  }
  x.norm = std::sqrt(squares);
  x.mean /= static_cast<double>(std::max<size_t>(1, values.size()));
  return x;
}

std::string shape_of(const state_part& x) {
  return fmt::format("[{}]", fmt::join(x.shape, ", "));
}

const state_part& part_of(const node_state& state, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& part : state.parts) {
    if (part.name == name)
      return part;
    names.push_back(part.name);
  }
  auto close = nearest(name, names);
  throw input_error(fmt::format(
    "there is no '{}'{}; known: {}", name,
    close.empty() ? "" : fmt::format(" (did you mean '{}'?)", close),
    join(names)));
}

answer show_layer(const node_state& state, const std::string& name,
                  int64_t start) {
  const auto& part = part_of(state, name);
  auto x = statistics_of(part.values);
  auto shown = std::min(values_shown, part.values.size());
  std::vector<double> first(part.values.begin(),
                            part.values.begin()
                              + static_cast<std::ptrdiff_t>(shown));
  answer result;
  result.text = fmt::format(
    "{} {} of node {} ({})\n  norm {:.6g}, mean {:.6g}, from {:.6g} to {:.6g}\n"
    "  {:.6g}{}\n",
    name, shape_of(part), state.node, origin_text(state, start), x.norm, x.mean,
    x.min, x.max, fmt::join(first, " "),
    shown < part.values.size() ? " ..." : "");
  result.json = origin_json(state);
  result.json["name"] = name;
  result.json["shape"] = part.shape;
  result.json["values"] = part.values;
  return result;
}

answer show_state(session& s, state_kind kind, int64_t node, words& in) {
  auto state = state_of(s, kind, node);
  if (!in.done())
    return show_layer(state, in.word("layer"), s.place().start());
  table layers{{"name", "shape", "norm", "mean", "min", "max"}};
  double squares = 0;
  for (const auto& part : state.parts) {
    auto x = statistics_of(part.values);
    squares += x.norm * x.norm;
    layers.add({part.name, shape_of(part), x.norm, x.mean, x.min, x.max});
  }
  answer result;
  result.text = fmt::format(
    "{} of node {}: {}\n{}  norm of all {:.6g}\n", to_text(kind), node,
    origin_text(state, s.place().start()), layers.text(), std::sqrt(squares));
  result.json = origin_json(state);
  result.json["layers"] = layers.json();
  result.json["norm"] = std::sqrt(squares);
  return result;
}

answer show_inbox(session& s, int64_t node) {
  table shown{{"event", "kind", "from", "sent", "arrives", "step", "bytes"}};
  auto all = nlohmann::ordered_json::array();
  for (auto q = inbox_of(s, node); q.next();) {
    auto x = event_of(q);
    all.push_back(to_json(x));
    if (shown.size() < inbox_rows_max)
      shown.add({x.sequence, x.kind,
                 x.travels() ? nlohmann::ordered_json(x.source) : nullptr,
                 time_text(x.sent.value_or(0)), time_text(x.time), x.step,
                 x.bytes});
  }
  answer result;
  result.text = all.empty()
                  ? fmt::format("nothing is on its way to node {}\n", node)
                  : fmt::format("sent to node {} and not handled yet: {}\n{}",
                                node, all.size(), shown.text());
  if (shown.size() < all.size())
    result.text += fmt::format("... and {} more\n", all.size() - shown.size());
  result.json = {{"node", node}, {"inbox", std::move(all)}};
  return result;
}

/// Keys of the scenario that decide what a node does.
answer show_options(session& s, int64_t node) {
  auto scenario = toml::parse(s.file().meta("scenario").value_or(""));
  toml::table chosen;
  for (auto name : {"protocol", "swaps", "optimizer", "schedule", "training",
                    "compute", "link"})
    if (auto part = scenario[name].as_table())
      chosen.insert(name, *part);
  if (auto overrides = scenario["node"].as_array())
    for (const auto& x : *overrides)
      if (auto entry = x.as_table(); entry && (*entry)["id"] == node)
        chosen.insert("node", *entry);
  std::ostringstream text, json;
  text << toml::toml_formatter{chosen} << '\n';
  json << toml::json_formatter{chosen};
  answer result;
  result.text = text.str();
  result.json
    = {{"node", node}, {"options", nlohmann::ordered_json::parse(json.str())}};
  return result;
}

answer show_summary(session& s, const recorded_node& node) {
  auto all = s.place().nodes();
  const auto& mine = all[static_cast<size_t>(&node - s.file().nodes().data())];
  size_t waiting = 0;
  for (auto q = inbox_of(s, node.id); q.next();)
    ++waiting;
  answer result;
  result.text = fmt::format("node {} ({}{}), sends to {}\n", node.id, node.role,
                            node.name.empty() ? "" : ", " + node.name,
                            fmt::join(node.neighbours, ", "));
  result.json = {{"node", node.id},   {"role", node.role},
                 {"name", node.name}, {"neighbours", node.neighbours},
                 {"step", mine.step}, {"inbox", waiting},
                 {"event", nullptr}};
  result.text
    += fmt::format("  step {}, {} on the way to it\n", mine.step, waiting);
  if (auto event = find_event(s.file(), mine.sequence)) {
    result.text += fmt::format("  last event {}\n", to_text(*event));
    result.json["event"] = to_json(*event);
  }
  return result;
}

/// Largest difference and distance of two vectors of the same length.
struct difference {
  double max = 0;
  double distance = 0;
  size_t differing = 0;
};

difference difference_of(const std::vector<double>& xs,
                         const std::vector<double>& ys) {
  difference result;
  for (size_t i = 0; i < xs.size(); ++i) {
    auto d = std::abs(xs[i] - ys[i]);
    result.max = std::max(result.max, d);
    result.distance += d * d;
    result.differing += xs[i] != ys[i] ? 1 : 0;
  }
  result.distance = std::sqrt(result.distance);
  return result;
}

/// The events up to here that replaced a node's parameters, newest first.
query writes_to(session& s, int64_t node) {
  query q{s.file(),
          fmt::format("SELECT {} FROM event WHERE sequence <= ? AND "
                      "destination = ? AND state IS NOT NULL ORDER BY sequence "
                      "DESC",
                      event_columns)};
  q.bind(s.place().position()).bind(node);
  return q;
}

answer when_layer(session& s, int64_t node, const std::string& layer) {
  std::optional<node_state> after;
  size_t examined = 0;
  answer result;
  result.json = {{"node", node}, {"layer", layer}};
  auto position = s.place().position();
  while (true) {
    auto before = s.states().find(state_kind::weights, node, position);
    if (!before)
      break;
    const auto& old = part_of(*before, layer);
    if (after) {
      const auto& now = part_of(*after, layer);
      if (auto d = difference_of(old.values, now.values); d.differing > 0) {
        auto when = before->exact && after->exact
                      ? fmt::format("at event #{}", after->sequence)
                      : fmt::format("after event #{} and up to #{}",
                                    before->sequence, after->sequence);
        result.text = fmt::format(
          "{} of node {} was last written {}: {} of {} elements, by up to "
          "{:.6g}\n",
          layer, node, when, d.differing, now.values.size(), d.max);
        result.json["after"] = before->sequence;
        result.json["up_to"] = after->sequence;
        return result;
      }
    }
    if (before->sequence <= s.place().start()
        || ++examined >= writes_examined_max)
      break;
    position = before->sequence - 1;
    after = std::move(before);
  }
  throw input_error(fmt::format("no write to {} is known up to here: it takes "
                                "two states of node {} that differ",
                                layer, node));
}

} // namespace

std::string_view to_text(state_kind kind) {
  switch (kind) {
    case state_kind::weights:
      return "weights";
    case state_kind::buffers:
      return "buffers";
    case state_kind::gradient:
      return "grad";
    case state_kind::optimizer:
      return "optimizer";
  }
  return "";
}

answer nodes_command(session& s, words&) {
  auto progress = s.place().nodes();
  table nodes{
    {"node", "role", "step", "last event", "kind", "at", "neighbours"}};
  for (size_t i = 0; i < progress.size(); ++i) {
    const auto& node = s.file().nodes()[i];
    auto event = find_event(s.file(), progress[i].sequence);
    nodes.add({node.id, node.role, progress[i].step,
               event ? nlohmann::ordered_json(event->sequence) : nullptr,
               event ? nlohmann::ordered_json(event->kind) : nullptr,
               event ? nlohmann::ordered_json(time_text(event->time)) : nullptr,
               fmt::format("{}", fmt::join(node.neighbours, " "))});
  }
  answer result;
  result.text = nodes.text();
  result.json["position"] = s.place().position();
  result.json["nodes"] = nodes.json();
  return result;
}

answer show_command(session& s, words& in) {
  const auto& node = read_node(s, in);
  if (in.done())
    return show_summary(s, node);
  auto what = in.word("what to show");
  if (what == "inbox")
    return show_inbox(s, node.id);
  if (what == "options")
    return show_options(s, node.id);
  for (auto kind : state_kinds)
    if (what == to_text(kind))
      return show_state(s, kind, node.id, in);
  throw input_error(
    fmt::format("'{}' is not what a node has: expected weights, "
                "buffers, grad, optimizer, inbox or options",
                what));
}

answer diff_command(session& s, words& in) {
  const auto& one = read_node(s, in);
  const auto& other = read_node(s, in);
  in.finish();
  auto a = state_of(s, state_kind::weights, one.id);
  auto b = state_of(s, state_kind::weights, other.id);
  table layers{{"name", "elements", "differing", "max difference", "distance",
                "relative"}};
  double squares = 0, norms = 0;
  for (size_t i = 0; i < a.parts.size(); ++i) {
    const auto& x = a.parts[i];
    const auto& y = part_of(b, x.name);
    if (x.values.size() != y.values.size())
      throw input_error(fmt::format("{} has {} elements at node {}, {} at node "
                                    "{}",
                                    x.name, x.values.size(), one.id,
                                    y.values.size(), other.id));
    auto d = difference_of(x.values, y.values);
    auto norm = statistics_of(x.values).norm;
    squares += d.distance * d.distance;
    norms += norm * norm;
    layers.add(
      {x.name, x.values.size(), d.differing, d.max, d.distance,
       norm > 0 ? nlohmann::ordered_json(d.distance / norm) : nullptr});
  }
  auto start = s.place().start();
  answer result;
  result.text = fmt::format(
    "node {} ({})\nnode {} ({})\n{}  distance {:.6g}, norm {:.6g}\n", one.id,
    origin_text(a, start), other.id, origin_text(b, start), layers.text(),
    std::sqrt(squares), std::sqrt(norms));
  result.json["from"] = origin_json(a);
  result.json["to"] = origin_json(b);
  result.json["layers"] = layers.json();
  result.json["distance"] = std::sqrt(squares);
  return result;
}

answer when_command(session& s, words& in) {
  const auto& node = read_node(s, in);
  if (!in.done())
    return when_layer(s, node.id, in.word("layer"));
  auto q = writes_to(s, node.id);
  if (!q.next())
    throw input_error(fmt::format("the parameters of node {} have not been "
                                  "written up to here",
                                  node.id));
  auto event = event_of(q);
  answer result;
  result.text = to_text(event)
                + fmt::format("\n  parameters {} since, step {}\n",
                              digest_text(*event.state), event.node_step);
  result.json["event"] = to_json(event);
  return result;
}

answer exact_command(session& s, words& in) {
  auto on = !in.accept("off");
  if (on && !in.done())
    in.accept("on");
  in.finish();
  s.exact(on);
  answer result;
  result.text = on ? "states are those of the very event from here on\n"
                   : "states are those of snapshots from here on\n";
  result.json["exact"] = on;
  return result;
}

} // namespace caps
