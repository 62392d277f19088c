#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/table.hpp"

#include <fmt/format.h>

#include <cctype>

namespace caps {

namespace {

void expect_events(session& s) {
  if (s.file().events() == 0)
    throw input_error(
      fmt::format("this recording holds no events (its level is '{}')",
                  s.file().meta("level").value_or("unknown")));
}

/// "  step 3, version 2, ...": what is known of an event besides its headline.
std::string details(const recorded_event& x) {
  std::string text;
  auto add = [&](const std::string& fact) {
    text += (text.empty() ? "  " : ", ") + fact;
  };
  if (x.travels()) {
    add(fmt::format("sent at {}", time_text(x.sent.value_or(0))));
    add(fmt::format("step {}", x.step));
    add(fmt::format("version {}", x.version));
    add(fmt::format("{} bytes", x.bytes));
  }
  if (x.staleness)
    add(fmt::format("staleness {}", *x.staleness));
  if (x.loss)
    add(fmt::format("loss {:.6g}", *x.loss));
  if (x.norm)
    add(fmt::format("norm {:.6g}", *x.norm));
  if (x.cause)
    add(fmt::format("caused by #{}", *x.cause));
  add(fmt::format("node {} is at step {}{}", x.destination, x.node_step,
                  x.state ? " with new parameters" : ""));
  return text + "\n";
}

/// Where the session is. `note` says what is special about it.
answer here(session& s, const std::string& note = {}) {
  answer result;
  auto position = s.place().position();
  auto event = find_event(s.file(), position);
  if (!note.empty()) {
    result.text += note + "\n";
    result.json["note"] = note;
  }
  result.json["position"] = position;
  if (event) {
    result.text += to_text(*event) + "\n" + details(*event);
    result.json["event"] = to_json(*event);
  } else {
    result.text += fmt::format("start, before event #{} of {}\n",
                               s.file().first(), s.file().last());
    result.json["event"] = nullptr;
  }
  return result;
}

struct distance {
  int64_t n = 1;
  stride unit = stride::event;
};

distance read_distance(words& in) {
  distance result;
  auto n = in.accept_number();
  result.n = n.value_or(1);
  if (result.n == 0)
    throw input_error("0 leads nowhere: expected a number from 1 on");
  if (!in.done()) {
    auto word = in.word("unit");
    auto unit = stride_of(word);
    if (!unit)
      throw input_error(fmt::format("'{}' is neither a number nor event, step, "
                                    "round or epoch",
                                    word));
    result.unit = *unit;
  }
  in.finish();
  return result;
}

answer until(session& s, words& in, bool (cursor::*move)(const event_question&),
             const char* where) {
  expect_events(s);
  if (in.done())
    throw input_error("condition is missing, such as kind = 'gradient' and "
                      "staleness > 4");
  event_question what{s.file(), {in.rest(), {}, {}}};
  auto met = (s.place().*move)(what);
  auto result
    = met ? here(s)
          : here(s, fmt::format("no event {} here meets the condition", where));
  result.json["found"] = met;
  return result;
}

} // namespace

answer step_command(session& s, words& in) {
  expect_events(s);
  auto [n, unit] = read_distance(in);
  return s.place().forward(n, unit) ? here(s)
                                    : here(s, "the recording ends here");
}

answer back_command(session& s, words& in) {
  expect_events(s);
  auto [n, unit] = read_distance(in);
  return s.place().back(n, unit) ? here(s)
                                 : here(s, "the recording begins here");
}

answer goto_command(session& s, words& in) {
  expect_events(s);
  auto& place = s.place();
  if (auto number = in.accept_number()) {
    if (in.done())
      place.to_event(*number);
    else
      place.to_time(parse_duration(fmt::format("{} {}", *number, in.rest())));
    return here(s);
  }
  auto word = in.word("place");
  auto unit = stride_of(word);
  if (word == "start")
    place.to_start();
  else if (word == "end")
    place.to_end();
  else if (unit)
    place.to(in.number(word), *unit);
  else if (auto mark = s.marks().find(word); mark != s.marks().end())
    place.to_position(mark->second);
  else if (std::isdigit(static_cast<unsigned char>(word.front())) != 0)
    place.to_time(parse_duration(word + in.rest()));
  else
    throw input_error(fmt::format("'{}' is no place: expected a time (1.5s), "
                                  "event N, step N, round N, epoch N, start, "
                                  "end or the name of a mark",
                                  word));
  return here(s);
}

answer until_command(session& s, words& in) {
  return until(s, in, &cursor::until, "after");
}

answer until_back_command(session& s, words& in) {
  return until(s, in, &cursor::until_back, "before");
}

answer where_command(session& s, words&) {
  auto result = here(s);
  auto& place = s.place();
  auto rounds = place.rounds();
  auto epochs = place.epochs();
  auto done = place.position() - place.start();
  result.text += fmt::format(
    "  {} of {} events ({:.1f} %), {} round{} and {} epoch{} finished by all "
    "nodes\n",
    done, s.file().events(),
    s.file().events() == 0 ? 0.0
                           : 100.0 * static_cast<double>(done)
                               / static_cast<double>(s.file().events()),
    rounds, rounds == 1 ? "" : "s", epochs, epochs == 1 ? "" : "s");
  result.json["events"] = s.file().events();
  result.json["time"] = place.time();
  result.json["rounds"] = rounds;
  result.json["epochs"] = epochs;
  auto notes = nlohmann::ordered_json::array();
  query q{s.file(), "SELECT node, text FROM note WHERE sequence = ?"};
  q.bind(place.position());
  while (q.next()) {
    auto node = q.integer(0).value_or(-1);
    result.text += fmt::format("  node {} notes: {}\n", node, q.text(1));
    notes.push_back({{"node", node}, {"text", q.text(1)}});
  }
  result.json["notes"] = std::move(notes);
  for (const auto& [name, position] : s.marks())
    if (position == place.position())
      result.text += fmt::format("  marked '{}'\n", name);
  return result;
}

answer mark_command(session& s, words& in) {
  auto name = in.word("name");
  in.finish();
  auto taken = stride_of(name) || name == "start" || name == "end";
  if (taken || std::isalpha(static_cast<unsigned char>(name.front())) == 0)
    throw input_error(fmt::format("'{}' cannot name a mark: expected a word "
                                  "that begins with a letter and is no place "
                                  "already",
                                  name));
  s.marks()[name] = s.place().position();
  answer result;
  result.text
    = fmt::format("'{}' marks event #{}\n", name, s.place().position());
  result.json["name"] = name;
  result.json["position"] = s.place().position();
  return result;
}

answer marks_command(session& s, words&) {
  table marks{{"mark", "event", "time"}};
  for (const auto& [name, position] : s.marks()) {
    auto event = find_event(s.file(), position);
    marks.add({name, position, time_text(event ? event->time : 0)});
  }
  answer result;
  result.text
    = marks.empty() ? "no marks; 'mark NAME' sets one\n" : marks.text();
  result.json["marks"] = marks.json();
  return result;
}

} // namespace caps
