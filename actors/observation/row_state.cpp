#include "actors/observation/row_state.hpp"

#include "models/state_values.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace caps {

namespace {

/// The numbers of a row, to be filled in and taken out again in one order.
struct numbers {
  std::vector<int64_t> integers;
  std::vector<double> reals;
};

void visit(state_visitor& visitor, std::string_view name, numbers& x) {
  auto integers = x.integers.size();
  auto reals = x.reals.size();
  visitor.enter(name);
  visitor.integers("integers", x.integers);
  visit_value(visitor, "reals", x.reals);
  visitor.leave();
  if (x.integers.size() != integers || x.reals.size() != reals)
    throw input_error(
      fmt::format("the state '{}' has {} integers and {} reals, expected {} "
                  "and {}",
                  name, x.integers.size(), x.reals.size(), integers, reals));
}

std::array<std::optional<double>*, 9> measured(metrics_row& x) {
  return {&x.train.loss,        &x.train.accuracy,
          &x.validation.loss,   &x.validation.accuracy,
          &x.test.loss,         &x.test.accuracy,
          &x.learning_rate,     &x.mean_model_accuracy,
          &x.consensus_distance};
}

} // namespace

void visit_value(state_visitor& visitor, std::string_view name,
                 metrics_row& value) {
  numbers x{{value.node, value.epoch, value.step,
             static_cast<int64_t>(value.bytes_sent),
             static_cast<int64_t>(value.messages_sent), value.crashed},
            {value.time}};
  for (auto number : measured(value)) {
    x.integers.push_back(number->has_value());
    x.reals.push_back(number->value_or(0));
  }
  visit(visitor, name, x);
  auto integer = x.integers.begin();
  value.node = static_cast<node_id>(*integer++);
  value.epoch = *integer++;
  value.step = *integer++;
  value.bytes_sent = static_cast<uint64_t>(*integer++);
  value.messages_sent = static_cast<uint64_t>(*integer++);
  value.crashed = *integer++ != 0;
  auto real = x.reals.begin();
  value.time = *real++;
  for (auto number : measured(value)) {
    *number = *integer++ != 0 ? std::optional{*real} : std::nullopt;
    ++real;
  }
}

void visit_value(state_visitor& visitor, std::string_view name,
                 edge_row& value) {
  numbers x{{value.epoch, value.from, value.to,
             static_cast<int64_t>(value.bytes_sent),
             static_cast<int64_t>(value.messages_sent),
             static_cast<int64_t>(value.missed), value.distance.has_value()},
            {value.distance.value_or(0)}};
  visit(visitor, name, x);
  auto integer = x.integers.begin();
  value.epoch = *integer++;
  value.from = static_cast<node_id>(*integer++);
  value.to = static_cast<node_id>(*integer++);
  value.bytes_sent = static_cast<uint64_t>(*integer++);
  value.messages_sent = static_cast<uint64_t>(*integer++);
  value.missed = static_cast<uint64_t>(*integer++);
  value.distance = *integer++ != 0 ? std::optional{x.reals.front()}
                                   : std::nullopt;
}

void visit_value(state_visitor& visitor, std::string_view name,
                 round_row& value) {
  numbers x{{value.step}, {value.time, value.consensus_distance}};
  visit(visitor, name, x);
  value.step = x.integers.front();
  value.time = x.reals.front();
  value.consensus_distance = x.reals.back();
}

} // namespace caps
