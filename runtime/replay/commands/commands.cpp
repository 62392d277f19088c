#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "models/registry.hpp"
#include "runtime/replay/series.hpp"
#include "runtime/replay/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace caps {

namespace {

using completion_list = std::vector<std::string>;

void add_columns(const session& s, completion_list& to) {
  auto columns = question_columns(s.file());
  to.insert(to.end(), columns.begin(), columns.end());
  for (auto word : {"and", "or", "not", "between", "is", "null", "in", "like"})
    to.emplace_back(word);
}

void add_nodes(const session& s, completion_list& to) {
  for (const auto& node : s.file().nodes())
    to.push_back(std::to_string(node.id));
}

completion_list complete_stride(const session&) {
  return {"event", "step", "round", "epoch"};
}

completion_list complete_place(const session& s) {
  completion_list result{"event", "step", "round", "epoch", "start", "end"};
  for (const auto& [name, position] : s.marks())
    result.push_back(name);
  return result;
}

completion_list complete_condition(const session& s) {
  completion_list result{"at", "by", "last", "next"};
  add_columns(s, result);
  return result;
}

completion_list complete_node(const session& s) {
  completion_list result{"weights",   "buffers", "grad",
                         "optimizer", "inbox",   "options"};
  add_nodes(s, result);
  return result;
}

completion_list complete_plot(const session& s) {
  auto result = series_names(s.file());
  for (auto word : {"--x", "--png", "--svg", "time", "step", "epoch"})
    result.emplace_back(word);
  add_nodes(s, result);
  return result;
}

completion_list complete_export(const session& s) {
  completion_list result{"metrics", "events", "trace"};
  add_columns(s, result);
  return result;
}

completion_list complete_switch(const session&) {
  return {"on", "off"};
}

completion_list complete_help(const session&) {
  completion_list result{"conditions"};
  for (const auto& x : replay_commands())
    result.emplace_back(x.name);
  return result;
}

constexpr std::string_view about_conditions
  = R"(A condition is an SQL expression that is true or false of an event:

  kind = 'gradient' and staleness > 4
  node = 2 and state is not null          (its parameters were replaced)
  source = 0 and time - sent > 30e6       (more than 30 ms on the way)
  test_loss < 0.6                         (when it was reported)

Columns:
  sequence         number of the event
  time, seconds    on the run's clock, in nanoseconds and in seconds
  wall             nanoseconds of the machine since the recording began
  kind             parameters, gradient, dual, ...: a message; gradient_ready: a
                   node's own computation; timer, start, stop
  source           node that sent it (-1: none)
  destination, node  node that handled it
  message          number among the messages of its source
  step, version    as the source stamped it
  staleness        updates of the receiver since that version
  bytes            size between processes
  digest, state    of the content; of the receiver's parameters afterwards, if
                   they were replaced
  node_step        updates of the receiver afterwards
  loss, norm       of the batch; of the gradient computed
  cause, sent      event whose handling sent it, and its time
  epoch            with metrics: their epoch
)";

constexpr std::array commands{
  replay_command{
    "step", "step [n] [event|step|round|epoch]",
    "goes forward: to the next event, or by n of them",
    "An event is one message handled by one node. A step is a local update of "
    "any node\n(at a parameter server: a new version); a round ends when all "
    "training nodes have\nmade its steps; an epoch ends with its metrics.",
    step_command, complete_stride},
  replay_command{"back", "back [n] [event|step|round|epoch]",
                 "goes back in the same way", "", back_command,
                 complete_stride},
  replay_command{
    "goto", "goto <time|event N|step N|round N|epoch N|start|end|mark>",
    "goes to a place",
    "A time is a number with a unit (1.5s, 300ms) on the run's clock; a number "
    "alone is\nan event. 'goto step N', round and epoch lead to the event with "
    "which the last\ntraining node finished it.",
    goto_command, complete_place},
  replay_command{"until", "until <condition>",
                 "goes to the next event that meets a condition",
                 "See 'help conditions'.", until_command, complete_condition},
  replay_command{"until-back", "until-back <condition>",
                 "goes back to the last event that meets a condition",
                 "See 'help conditions'.", until_back_command,
                 complete_condition},
  replay_command{"where", "where", "says where you are", "", where_command,
                 nullptr},
  replay_command{"nodes", "nodes", "lists all nodes and how far they are", "",
                 nodes_command, nullptr},
  replay_command{
    "show",
    "show <node> [weights|buffers|grad|optimizer [layer]|inbox|options]",
    "looks into a node",
    "States come from the last snapshot up to here; the answer says of which "
    "event it\nis. See 'help exact' for those at this very event, and for "
    "gradients and\noptimizers. The inbox is what was sent to the node and is "
    "not handled yet.",
    show_command, complete_node},
  replay_command{"diff", "diff <node> <node>",
                 "compares the weights of two nodes, layer by layer", "",
                 diff_command, complete_node},
  replay_command{
    "messages", "messages [last|next [n]] [condition]",
    "lists the last events up to here, or the next ones",
    "Lists 20 events unless told otherwise. See 'help conditions'.",
    messages_command, complete_condition},
  replay_command{"why", "why [event [n]]",
                 "shows what caused an event, and what caused that",
                 "Without a number it explains the event you are at; n is the "
                 "longest chain shown.",
                 why_command, nullptr},
  replay_command{
    "when", "when <node> [layer|died]",
    "finds the last write to a node's parameters, or how it died",
    "With a layer, the states that are known are compared: the write lies "
    "between two of\nthem. A node dies of a crash, of a failure of its own or "
    "with its process.",
    when_command, complete_node},
  replay_command{
    "exact", "exact [on|off]",
    "shows states as they were at the very event, by running the run again",
    "From then on 'show', 'diff' and 'when' run the recording again as far as "
    "needed, which\ntakes as long as training did; the states on the way are "
    "remembered.",
    exact_command, complete_switch},
  replay_command{
    "print", "print <expressions> [at <condition>] [by <expressions>]",
    "computes something of all events of the run",
    "print staleness, norm at kind = 'gradient' and staleness > 4\n"
    "print count(*), avg(staleness), max(staleness) at kind = 'gradient' by "
    "source\nprint median(loss) as middle, percentile(loss, 90) as p90 by "
    "epoch\n\nSee 'help conditions' for the columns; functions are those of "
    "SQLite that compute\nnumbers and text, median(x), and percentile(x, p) "
    "with p from 0 to 100.",
    print_command, complete_condition},
  replay_command{
    "plot", "plot <metric> [nodes] [--x time|step|epoch] [--png|--svg FILE]",
    "draws a metric of all or some nodes",
    "Besides metrics: loss, norm, staleness and bytes of events. Pictures need "
    "gnuplot.",
    plot_command, complete_plot},
  replay_command{"mark", "mark <name>", "gives the place where you are a name",
                 "'goto <name>' leads back.", mark_command, nullptr},
  replay_command{"marks", "marks", "lists the places with names", "",
                 marks_command, nullptr},
  replay_command{
    "export", "export metrics|trace [--force] FILE, export events [--force] FILE "
    "[condition]",
    "writes metrics (CSV), events (JSON Lines) or a trace",
    "The trace is for ui.perfetto.dev and chrome://tracing: a node is a "
    "process, its actor\nand its computation are threads, a message is an "
    "arrow. With --force a FILE that is there already is overwritten.",
    export_command, complete_export},
  replay_command{"help", "help [command|conditions]",
                 "lists the commands, or explains one", "", help_command,
                 complete_help},
  replay_command{"quit", "quit", "ends the session", "", quit_command, nullptr},
};

answer explain(const replay_command& x) {
  answer result;
  result.text = fmt::format("{}\n  {}\n", x.usage, x.summary);
  if (!x.details.empty())
    result.text += fmt::format("\n{}\n", x.details);
  result.json["topic"] = x.name;
  result.json["text"] = result.text;
  return result;
}

} // namespace

std::span<const replay_command> replay_commands() {
  return commands;
}

answer help_command(session& s, words& in) {
  answer result;
  if (in.done()) {
    size_t width = 0;
    for (const auto& x : commands)
      width = std::max(width, x.name.size());
    auto json = nlohmann::ordered_json::array();
    for (const auto& x : commands) {
      result.text += fmt::format("{:<{}}  {}\n", x.name, width, x.summary);
      json.push_back(
        {{"name", x.name}, {"usage", x.usage}, {"summary", x.summary}});
    }
    result.text += "\n'help <command>' explains one, 'help conditions' says "
                   "what can be asked of events.\n";
    result.json["commands"] = std::move(json);
    return result;
  }
  auto topic = in.word("command");
  in.finish();
  if (topic == "conditions") {
    result.text = about_conditions;
    result.text
      += "  metrics of this recording: "
         + (s.file().metrics().empty() ? "none" : join(s.file().metrics()))
         + "\n";
    result.json["topic"] = topic;
    result.json["text"] = result.text;
    return result;
  }
  std::vector<std::string> names;
  for (const auto& x : commands) {
    if (x.name == topic)
      return explain(x);
    names.emplace_back(x.name);
  }
  auto close = nearest(topic, names);
  throw input_error(fmt::format(
    "there is no command '{}'{}", topic,
    close.empty() ? "" : fmt::format(" (did you mean '{}'?)", close)));
}

answer quit_command(session&, words& in) {
  in.finish();
  answer result;
  result.quit = true;
  return result;
}

} // namespace caps
