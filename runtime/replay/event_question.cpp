#include "runtime/replay/event_question.hpp"

#include "models/errors.hpp"
#include "models/registry.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/sql_text.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace caps {

namespace {

constexpr std::array<std::string_view, 21> columns_of_events{
  "sequence", "time",      "wall",    "kind",  "source", "destination",
  "message",  "step",      "version", "bytes", "digest", "staleness",
  "state",    "node_step", "loss",    "norm",  "cause",  "sent",
  "node",     "seconds",   "epoch"};

/// Longer names of metrics cannot be asked for.
constexpr size_t metric_name_bytes_max = 100;

std::string column_of_metric(const std::string& metric) {
  auto taken
    = std::ranges::find(columns_of_events, metric) != columns_of_events.end();
  return taken ? "metric_" + metric : metric;
}

std::string in_quotes(std::string_view name, char quote) {
  std::string result{quote};
  for (auto c : name) {
    result += c;
    if (c == quote)
      result += c;
  }
  return result += quote;
}

std::string narrow_rows() {
  return fmt::format("FROM (SELECT {}, destination AS node, time / 1e9 AS "
                     "seconds FROM event) AS event",
                     event_columns);
}

/// Text of a user for SQL; the line break ends what might be a comment after
/// all.
std::string enclosed(const std::string& text) {
  return text.empty() ? "1" : fmt::format("({}\n)", text);
}

/// SQL of a user is prepared under stricter rules than that of this program.
class distrust {
public:
  explicit distrust(read_guard& guard) : guard_(guard) { guard.distrust(true); }
  ~distrust() { guard_.distrust(false); }
  distrust(const distrust&) = delete;
  distrust& operator=(const distrust&) = delete;

private:
  read_guard& guard_;
};

} // namespace

event_question::event_question(recording_file& file, parts asked)
  : file_(file), asked_(std::move(asked)), rows_(narrow_rows()) {
  for (const auto* text :
       {&asked_.condition, &asked_.expressions, &asked_.groups})
    check_sql_text(*text);
  compile("1", "");
  if (asked_.expressions.empty())
    return;
  compile(asked_.expressions,
          asked_.groups.empty() ? "" : "GROUP BY " + asked_.groups);
  find_sums();
}

query event_question::ask(std::string_view columns,
                          std::string_view tail) const {
  distrust guarded{file_.guard()};
  return {file_, fmt::format("SELECT {}\n{} WHERE {} {}", columns, rows_,
                             enclosed(asked_.condition), tail)};
}

void event_question::compile(std::string_view columns, std::string_view tail) {
  try {
    ask(columns, tail);
    return;
  } catch (const input_error& e) {
    if (std::string_view{e.what()}.find("no such column")
        == std::string_view::npos)
      throw input_error(explained(e.what()));
  }
  rows_ = wide_rows();
  try {
    ask(columns, tail);
  } catch (const input_error& e) {
    throw input_error(explained(e.what()));
  }
}

/// A sum over events cannot be part of a condition on each, and SQLite says so.
void event_question::find_sums() {
  try {
    for (auto x : sql_expressions(asked_.expressions))
      ask("1", fmt::format("AND coalesce(NULL, {}\n)", x));
  } catch (const input_error& e) {
    sums_up_ = std::string_view{e.what()}.find("misuse of aggregate")
               != std::string_view::npos;
    if (!sums_up_)
      throw input_error(explained(e.what()));
  }
}

/// A row for each event and each node and epoch with metrics at that event,
/// with a column for each metric.
std::string event_question::wide_rows() const {
  std::string names, values;
  for (const auto& metric : file_.metrics()) {
    if (metric.size() > metric_name_bytes_max)
      continue;
    auto name = in_quotes(column_of_metric(metric), '"');
    names += fmt::format(", {}", name);
    values += fmt::format(", max(CASE name WHEN {} THEN value END) AS {}",
                          in_quotes(metric, '\''), name);
  }
  return fmt::format(
    "FROM (SELECT {}, coalesce(metric_node, destination) AS node, time / 1e9 "
    "AS seconds, epoch{} FROM event LEFT JOIN (SELECT sequence AS "
    "metric_sequence, node AS metric_node, epoch{} FROM metric GROUP BY "
    "sequence, node, epoch) ON metric_sequence = sequence) AS event",
    event_columns, names, values);
}

std::string event_question::explained(const std::string& problem) const {
  std::string hint;
  constexpr std::string_view unknown = "no such column: ";
  if (auto at = problem.find(unknown); at != std::string::npos) {
    auto name = problem.substr(at + unknown.size());
    auto close = nearest(name, question_columns(file_));
    hint = close.empty()
             ? fmt::format("; text stands in single quotes ('{}'), "
                           "and 'help conditions' lists the columns",
                           name)
             : fmt::format(" (did you mean '{}'?)", close);
  } else if (problem.find("not authorized") != std::string::npos
             || problem.find("prohibited") != std::string::npos) {
    hint = "; a question may read the tables event, metric and node, and call "
           "functions that compute numbers and text";
  }
  auto text = asked_.condition.empty() ? asked_.expressions : asked_.condition;
  return fmt::format("cannot understand '{}': {}{}", text, problem, hint);
}

std::vector<std::string> question_columns(const recording_file& file) {
  std::vector<std::string> result{columns_of_events.begin(),
                                  columns_of_events.end()};
  for (const auto& metric : file.metrics())
    result.push_back(column_of_metric(metric));
  return result;
}

} // namespace caps
