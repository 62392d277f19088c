#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "runtime/replay/event_question.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/sql_text.hpp"
#include "runtime/replay/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

constexpr int64_t messages_shown = 20;
constexpr int64_t causes_shown = 30;

/// Rows of `print`; what is more belongs into a file.
constexpr size_t printed_rows_max = 1000;

nlohmann::ordered_json optional_json(const auto& x) {
  return x ? nlohmann::ordered_json(*x) : nullptr;
}

table event_table() {
  return table{{"event", "time", "kind", "from", "to", "step", "version",
                "staleness", "bytes", "cause"}};
}

void add_event(table& to, const recorded_event& x) {
  to.add({x.sequence, time_text(x.time), x.kind,
          x.travels() ? nlohmann::ordered_json(x.source) : nullptr,
          x.destination, x.step, x.version, optional_json(x.staleness), x.bytes,
          optional_json(x.cause)});
}

nlohmann::ordered_json value_of(query& q, int column) {
  if (q.is_null(column))
    return nullptr;
  if (q.is_integer(column))
    return *q.integer(column);
  if (q.is_real(column))
    return *q.real(column);
  return q.text(column);
}

/// Takes "at CONDITION" and "by GROUPS" off the end of `text`.
event_question::parts read_question(const std::string& text) {
  std::string_view rest = text;
  auto take = [&](std::string_view word) {
    auto at = find_sql_word(rest, word);
    if (at == std::string_view::npos)
      return std::string{};
    std::string result{rest.substr(at + word.size())};
    rest = rest.substr(0, at);
    return result;
  };
  event_question::parts result;
  result.groups = take("by");
  result.condition = take("at");
  result.expressions = rest;
  return result;
}

/// Why something computed of so many events has no value.
std::string why_empty(int64_t events) {
  if (events == 0)
    return "no event meets the condition";
  return fmt::format("{}; that of a metric stands at the event at which it was "
                     "reported",
                     events == 1
                       ? std::string{"the one event has no value"}
                       : fmt::format("none of the {} events has a value",
                                     events));
}

} // namespace

answer messages_command(session& s, words& in) {
  auto count = messages_shown;
  auto back = true;
  if (in.accept("next")) {
    back = false;
    count = in.accept_number().value_or(count);
  } else if (in.accept("last")) {
    count = in.accept_number().value_or(count);
  }
  event_question what{s.file(), {in.rest(), {}, {}}};
  auto q = what.ask(event_columns,
                    back ? "AND sequence <= ? ORDER BY sequence DESC LIMIT ?"
                         : "AND sequence > ? ORDER BY sequence LIMIT ?");
  q.bind(s.place().position()).bind(count);
  std::vector<recorded_event> found;
  while (q.next())
    found.push_back(event_of(q));
  if (back)
    std::ranges::reverse(found);
  auto shown = event_table();
  auto json = nlohmann::ordered_json::array();
  for (const auto& x : found) {
    add_event(shown, x);
    json.push_back(to_json(x));
  }
  answer result;
  result.text = found.empty() ? fmt::format("no such events {} here\n",
                                            back ? "up to" : "after")
                              : shown.text();
  result.json["position"] = s.place().position();
  result.json["events"] = std::move(json);
  return result;
}

answer why_command(session& s, words& in) {
  auto sequence = in.done() ? s.place().position() : in.number("event");
  auto shown_max = in.accept_number().value_or(causes_shown);
  in.finish();
  if (sequence == s.place().start())
    throw input_error("nothing has happened yet: expected an event");
  std::vector<recorded_event> chain;
  int64_t length = 0;
  for (std::optional<int64_t> next = sequence; next; ++length) {
    s.file().guard().check();
    auto event = find_event(s.file(), *next);
    if (!event && length == 0)
      throw input_error(fmt::format("there is no event {}: expected one from "
                                    "{} to {}",
                                    sequence, s.file().first(),
                                    s.file().last()));
    if (!event || (event->cause && *event->cause >= event->sequence))
      throw data_error(
        fmt::format("{}: damaged: event {} has no cause before "
                    "it",
                    s.file().path().string(),
                    event ? event->sequence : chain.back().sequence));
    next = event->cause;
    if (length < shown_max)
      chain.push_back(std::move(*event));
  }
  std::ranges::reverse(chain);
  answer result;
  result.json["event"] = sequence;
  result.json["length"] = length;
  auto json = nlohmann::ordered_json::array();
  auto shown = event_table();
  for (const auto& x : chain) {
    add_event(shown, x);
    json.push_back(to_json(x));
  }
  if (length > shown_max)
    result.text = fmt::format("... {} causes before these ('why {} {}' shows "
                              "all)\n",
                              length - shown_max, sequence, length);
  result.text += shown.text();
  result.json["chain"] = std::move(json);
  return result;
}

answer print_command(session& s, words& in) {
  if (in.done())
    throw input_error("expression is missing, such as avg(staleness)");
  event_question what{s.file(), read_question(in.rest())};
  const auto& asked = what.asked();
  std::string columns, tail;
  if (!asked.groups.empty()) {
    columns = fmt::format("{}, {}", asked.groups, asked.expressions);
    tail = fmt::format("GROUP BY {0} ORDER BY {0}", asked.groups);
  } else if (what.sums_up()) {
    columns = asked.expressions;
  } else {
    columns = "sequence AS event, seconds, node, " + asked.expressions;
    tail = "ORDER BY sequence";
  }
  auto q = what.ask(columns, tail);
  std::vector<std::string> names;
  for (int i = 0; i < q.columns(); ++i)
    names.push_back(q.name(i));
  table rows{names};
  std::vector<bool> has_value(names.size());
  size_t count = 0;
  for (; q.next(); ++count) {
    for (int i = 0; i < q.columns(); ++i)
      if (!q.is_null(i))
        has_value[static_cast<size_t>(i)] = true;
    if (count >= printed_rows_max)
      continue;
    std::vector<nlohmann::ordered_json> row;
    for (int i = 0; i < q.columns(); ++i)
      row.push_back(value_of(q, i));
    rows.add(std::move(row));
  }
  answer result;
  result.text = count == 0 ? "no event meets the condition\n" : rows.text();
  if (count > rows.size())
    result.text += fmt::format("... and {} more; 'export events FILE "
                               "CONDITION' writes all\n",
                               count - rows.size());
  result.json["rows"] = rows.json();
  result.json["count"] = count;
  auto empty = std::ranges::find(has_value, false);
  if (count > 0 && empty != has_value.end()) {
    auto events = what.ask("count(*)", "");
    events.next();
    auto why = why_empty(events.integer(0).value_or(0));
    for (; empty != has_value.end();
         empty = std::find(empty + 1, has_value.end(), false)) {
      const auto& name
        = names[static_cast<size_t>(empty - has_value.begin())];
      result.text += fmt::format("{}: {}\n", name, why);
      result.json["empty"][name] = why;
    }
  }
  return result;
}

} // namespace caps
