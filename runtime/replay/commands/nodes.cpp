#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "runtime/replay/commands/node_lookup.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace caps {

namespace {

constexpr std::array state_kinds{state_kind::weights, state_kind::buffers,
                                 state_kind::gradient, state_kind::optimizer};

/// Messages shown of an inbox; --json has them all.
constexpr size_t inbox_rows_max = 50;

/// Elements of a layer shown.
constexpr size_t values_shown = 8;

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

std::string shape_of(const state_part& x) {
  return fmt::format("[{}]", fmt::join(x.shape, ", "));
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

} // namespace

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
