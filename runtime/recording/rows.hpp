#pragma once

#include "messages/fwd.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace caps {

/// SQLite has no unsigned integers: the same bits as a signed one.
constexpr int64_t signed_bits(uint64_t x) {
  return static_cast<int64_t>(x);
}

/// A row of the table `event`; see schema.hpp for what it means.
struct event_row {
  int64_t sequence = 0;
  int64_t time = 0;
  int64_t wall = 0;
  std::string kind;
  node_id source = no_node;
  node_id destination = no_node;
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

  friend bool operator==(const event_row&, const event_row&) = default;
};

/// A row of the table `metric`.
struct metric_row {
  int64_t sequence = 0;
  int64_t time = 0;
  node_id node = no_node;
  std::optional<int64_t> epoch;
  std::optional<int64_t> step;
  std::string name;
  std::optional<double> value;
};

/// A row of the table `note`.
struct note_row {
  int64_t sequence = 0;
  int64_t time = 0;
  node_id node = no_node;
  bool failure = false;
  std::string text;
};

/// The chain of a row: all its columns, and the rows before it.
uint64_t chain(const event_row& x, uint64_t before);
uint64_t chain(const metric_row& x, uint64_t before);
uint64_t chain(const note_row& x, uint64_t before);

} // namespace caps
