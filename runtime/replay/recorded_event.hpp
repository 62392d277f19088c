#pragma once

#include "runtime/run_file/query.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caps {

/// One message that a node handled: a row of the table `event`, which
/// runtime/run_file/schema.hpp explains.
struct recorded_event {
  int64_t sequence = 0;
  /// Nanoseconds.
  int64_t time = 0;
  int64_t wall = 0;
  std::string kind;
  int64_t source = 0;
  int64_t destination = 0;
  int64_t message = 0;
  int64_t step = 0;
  int64_t version = 0;
  std::optional<int64_t> staleness;
  int64_t bytes = 0;
  int64_t digest = 0;
  std::optional<int64_t> state;
  int64_t node_step = 0;
  std::optional<double> loss;
  std::optional<double> norm;
  std::optional<int64_t> cause;
  std::optional<int64_t> sent;

  /// From one node to another, rather than to itself or from outside.
  bool travels() const { return source >= 0 && source != destination; }
};

/// The columns of a `recorded_event`, for SELECT.
extern const std::string_view event_columns;

/// The event in a row that selects `event_columns` first.
recorded_event event_of(query& row);

/// The event of that number; nothing if there is none.
std::optional<recorded_event> find_event(recording_file& file,
                                         int64_t sequence);

/// All fields by name; digests as 16 hexadecimal digits.
nlohmann::ordered_json to_json(const recorded_event& x);

/// "#118 at 40ms: gradient of node 2 to node 3".
std::string to_text(const recorded_event& x);

/// "1.25ms" or "3.0421s": nanoseconds with the largest unit that leaves
/// something before the point.
std::string time_text(int64_t nanoseconds);

/// 16 hexadecimal digits.
std::string digest_text(int64_t digest);

} // namespace caps
