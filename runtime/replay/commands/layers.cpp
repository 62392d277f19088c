// The commands that compare layers of nodes: with each other, and over time.

#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "runtime/replay/commands/node_lookup.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace caps {

namespace {

/// Writes to a node that `when` looks at for one layer.
constexpr size_t writes_examined_max = 1000;

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

/// How a node ended before the others, wherever in the run: by a crash, for a
/// failure of its own or with its process. What is recorded at every level is
/// the line of the log; where events are, its event as well.
answer when_died(session& s, int64_t node) {
  query q{s.file(), "SELECT sequence, time, text FROM note WHERE node = ? AND "
                    "kind = 'failure' ORDER BY id LIMIT 1"};
  q.bind(node);
  answer result;
  result.json = {{"node", node},
                 {"event", nullptr},
                 {"time", nullptr},
                 {"text", nullptr}};
  if (!q.next()) {
    result.text = fmt::format("no death of node {} is recorded\n", node);
    return result;
  }
  auto time = q.integer(1).value_or(0);
  auto text = q.text(2);
  result.json["time"] = time;
  result.json["text"] = text;
  if (auto event = find_event(s.file(), q.integer(0).value_or(0))) {
    result.json["event"] = to_json(*event);
    result.text = fmt::format("{}, after {} steps\n  {}\n", to_text(*event),
                              event->node_step, text);
  } else {
    result.text = fmt::format("at {}: {}\n", time_text(time), text);
  }
  return result;
}

} // namespace

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
  if (in.accept("died")) {
    in.finish();
    return when_died(s, node.id);
  }
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

} // namespace caps
