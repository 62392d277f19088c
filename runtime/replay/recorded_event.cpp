#include "runtime/replay/recorded_event.hpp"

#include "models/options.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace caps {

const std::string_view event_columns
  = "sequence, time, wall, kind, source, destination, message, step, version, "
    "staleness, bytes, digest, state, node_step, loss, norm, cause, sent";

recorded_event event_of(query& row) {
  recorded_event x;
  int i = 0;
  auto number = [&] { return row.integer(i++).value_or(0); };
  x.sequence = number();
  x.time = number();
  x.wall = number();
  x.kind = row.text(i++);
  x.source = number();
  x.destination = number();
  x.message = number();
  x.step = number();
  x.version = number();
  x.staleness = row.integer(i++);
  x.bytes = number();
  x.digest = number();
  x.state = row.integer(i++);
  x.node_step = number();
  x.loss = row.real(i++);
  x.norm = row.real(i++);
  x.cause = row.integer(i++);
  x.sent = row.integer(i++);
  return x;
}

std::optional<recorded_event> find_event(recording_file& file,
                                         int64_t sequence) {
  query q{file, fmt::format("SELECT {} FROM event WHERE sequence = ?",
                            event_columns)};
  q.bind(sequence);
  if (!q.next())
    return std::nullopt;
  return event_of(q);
}

nlohmann::ordered_json to_json(const recorded_event& x) {
  nlohmann::ordered_json result{
    {"sequence", x.sequence}, {"time", x.time},
    {"wall", x.wall},         {"kind", x.kind},
    {"source", x.source},     {"destination", x.destination},
    {"message", x.message},   {"step", x.step},
    {"version", x.version},   {"staleness", nullptr},
    {"bytes", x.bytes},       {"digest", digest_text(x.digest)},
    {"state", nullptr},       {"node_step", x.node_step},
    {"loss", nullptr},        {"norm", nullptr},
    {"cause", nullptr},       {"sent", nullptr},
  };
  auto set = [&](const char* name, const auto& value) {
    if (value)
      result[name] = *value;
  };
  set("staleness", x.staleness);
  if (x.state)
    result["state"] = digest_text(*x.state);
  set("loss", x.loss);
  set("norm", x.norm);
  set("cause", x.cause);
  set("sent", x.sent);
  return result;
}

std::string to_text(const recorded_event& x) {
  auto who = x.travels()
               ? fmt::format("of node {} to node {}", x.source, x.destination)
               : fmt::format("at node {}", x.destination);
  return fmt::format("#{} at {}: {} {}", x.sequence, time_text(x.time), x.kind,
                     who);
}

std::string time_text(int64_t nanoseconds) {
  struct unit {
    double nanoseconds;
    const char* name;
  };
  constexpr std::array units{unit{1e9, "s"}, unit{1e6, "ms"}, unit{1e3, "us"}};
  auto x = static_cast<double>(nanoseconds);
  for (const auto& u : units)
    if (std::abs(x) >= u.nanoseconds)
      return to_text(x / u.nanoseconds) + u.name;
  return nanoseconds == 0 ? "0s" : fmt::format("{}ns", nanoseconds);
}

std::string digest_text(int64_t digest) {
  return fmt::format("{:016x}", static_cast<uint64_t>(digest));
}

} // namespace caps
