#include "runtime/replay/trace_export.hpp"

#include "runtime/replay/exports.hpp"
#include "runtime/replay/recorded_event.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <vector>

namespace caps {

namespace {

/// Threads of a node.
constexpr int actor_thread = 0;
constexpr int compute_thread = 1;

/// Width of an event on the screen, in nanoseconds: in the run, handling takes
/// no time.
constexpr int64_t event_width = 1000;

/// The format counts in microseconds.
double microseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

/// Writes the trace events of a recording.
class trace_writer {
public:
  explicit trace_writer(const std::filesystem::path& path) : out_(path) {
    out_.write("{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n");
  }

  void add(const nlohmann::ordered_json& x) {
    out_.write(separator_);
    out_.write(
      x.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    separator_ = ",\n";
  }

  void commit() {
    out_.write("\n]}\n");
    out_.commit();
  }

private:
  export_file out_;
  std::string_view separator_;
};

void name_nodes(trace_writer& out, const recording_file& recording) {
  for (const auto& node : recording.nodes()) {
    auto name = fmt::format("node {} ({})", node.id, node.role);
    out.add({{"ph", "M"},
             {"pid", node.id},
             {"name", "process_name"},
             {"args", {{"name", name}}}});
    for (auto [thread, what] : {std::pair{actor_thread, "actor"},
                                std::pair{compute_thread, "compute"}})
      out.add({{"ph", "M"},
               {"pid", node.id},
               {"tid", thread},
               {"name", "thread_name"},
               {"args", {{"name", what}}}});
  }
}

/// Events that a node handled at one time: drawn as wide as the next one
/// allows, since bars that overlap in part are dropped.
class bars {
public:
  explicit bars(trace_writer& out) : out_(out) {}

  void add(recorded_event x) {
    auto& open = open_[x.destination];
    if (!open.empty() && open.back().time != x.time) {
      draw(open, x.time);
      open.clear();
    }
    open.push_back(std::move(x));
  }

  void finish() {
    for (const auto& [node, open] : open_)
      draw(open, open.back().time + event_width);
  }

private:
  void draw(const std::vector<recorded_event>& events, int64_t until) {
    for (const auto& x : events) {
      auto width = std::clamp<int64_t>(until - x.time, 1, event_width);
      nlohmann::ordered_json args{{"sequence", x.sequence},
                                  {"step", x.step},
                                  {"version", x.version},
                                  {"node_step", x.node_step}};
      if (x.travels())
        args["bytes"] = x.bytes;
      if (x.staleness)
        args["staleness"] = *x.staleness;
      if (x.loss)
        args["loss"] = *x.loss;
      out_.add({{"ph", "X"},
                {"pid", x.destination},
                {"tid", actor_thread},
                {"ts", microseconds(x.time)},
                {"dur", microseconds(width)},
                {"name", x.kind},
                {"args", std::move(args)}});
    }
  }

  trace_writer& out_;
  std::map<int64_t, std::vector<recorded_event>> open_;
};

/// What began at one event and ended at this one: a message, a computation.
void add_way(trace_writer& out, const recorded_event& x) {
  if (!x.sent)
    return;
  if (x.kind == "gradient_ready") {
    out.add({{"ph", "X"},
             {"pid", x.destination},
             {"tid", compute_thread},
             {"ts", microseconds(*x.sent)},
             {"dur", microseconds(x.time - *x.sent)},
             {"name", "gradient"},
             {"args", {{"sequence", x.sequence}, {"step", x.step}}}});
    return;
  }
  if (!x.travels())
    return;
  nlohmann::ordered_json arrow{
    {"ph", "s"},           {"pid", x.source},
    {"tid", actor_thread}, {"ts", microseconds(*x.sent)},
    {"id", x.sequence},    {"cat", "message"},
    {"name", x.kind}};
  out.add(arrow);
  arrow["ph"] = "f";
  arrow["bp"] = "e"; // the bar around this time, not the next one
  arrow["pid"] = x.destination;
  arrow["ts"] = microseconds(x.time);
  out.add(arrow);
}

void add_counters(trace_writer& out, recording_file& recording) {
  query q{recording, "SELECT time, node, name, value FROM metric WHERE node >= "
                     "0 AND value IS NOT NULL ORDER BY id"};
  while (q.next())
    out.add({{"ph", "C"},
             {"pid", q.integer(1).value_or(0)},
             {"ts", microseconds(q.integer(0).value_or(0))},
             {"name", q.text(2)},
             {"args", {{"value", q.real(3).value_or(0)}}}});
}

} // namespace

int64_t export_trace(recording_file& recording,
                     const std::filesystem::path& file) {
  trace_writer out{file};
  name_nodes(out, recording);
  auto sql
    = fmt::format("SELECT {} FROM event ORDER BY sequence", event_columns);
  int64_t count = 0;
  bars all{out};
  for (query q{recording, sql}; q.next(); ++count)
    all.add(event_of(q));
  all.finish();
  // Arrows hold on to bars that stand before them in the file.
  for (query q{recording, sql}; q.next();)
    add_way(out, event_of(q));
  add_counters(out, recording);
  out.commit();
  return count;
}

} // namespace caps
