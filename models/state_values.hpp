#pragma once

#include "models/errors.hpp"
#include "models/flat_buffer.hpp"
#include "models/state.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace caps {

// How state of further types is visited, each as what a `state_visitor` knows.

void visit_value(state_visitor& visitor, std::string_view name, bool& value);

void visit_value(state_visitor& visitor, std::string_view name, double& value);

void visit_value(state_visitor& visitor, std::string_view name,
                 at::Tensor& value);

/// Integers of any size and enumerations. Throws `input_error` for a number
/// that does not fit.
template <class T>
requires(std::integral<T> || std::is_enum_v<T>) void visit_value(
  state_visitor& visitor, std::string_view name, T& value) {
  auto number = static_cast<int64_t>(value);
  visitor.integer(name, number);
  value = static_cast<T>(number);
  if (static_cast<int64_t>(value) != number)
    throw input_error("the state '" + std::string{name}
                      + "' is out of its range: " + std::to_string(number));
}

/// The current version; a restored one belongs to the buffer alone.
void visit_value(state_visitor& visitor, std::string_view name,
                 flat_buffer& value);

/// A length of time, in nanoseconds.
void visit_value(state_visitor& visitor, std::string_view name,
                 std::chrono::nanoseconds& value);

void visit_value(state_visitor& visitor, std::string_view name,
                 std::vector<bool>& value);

void visit_value(state_visitor& visitor, std::string_view name,
                 std::vector<double>& value);

void visit_value(state_visitor& visitor, std::string_view name,
                 std::map<int64_t, int64_t>& value);

/// Something that may be missing.
template <class T>
void visit_value(state_visitor& visitor, std::string_view name,
                 std::optional<T>& value) {
  auto present = value.has_value();
  visitor.enter(name);
  visit_value(visitor, "present", present);
  if (present) {
    if (!value)
      value.emplace();
    visit_value(visitor, "value", *value);
  } else {
    value.reset();
  }
  visitor.leave();
}

/// Visits a list whose length is part of the state; `element` is called with a
/// name and an element for each. Restored elements that were not there are
/// copies of `fresh`.
template <class List, class F>
void visit_list(state_visitor& visitor, std::string_view name, List& list,
                const typename List::value_type& fresh, F element) {
  auto size = static_cast<int64_t>(list.size());
  visitor.enter(name);
  visitor.integer("size", size);
  if (size < 0)
    throw input_error("the state '" + std::string{name}
                      + "' has a negative size");
  auto n = static_cast<size_t>(size);
  if (list.size() > n)
    list.resize(n, fresh);
  size_t i = 0;
  for (auto& x : list)
    element(std::to_string(i++), x);
  // One by one: an archive may say any size, whatever it holds.
  for (; i < n; ++i)
    element(std::to_string(i), list.emplace_back(fresh));
  visitor.leave();
}

/// Visits a map from integers whose keys are part of the state; `element` is
/// called with each value, under the name of its key.
template <class Map, class F>
void visit_map(state_visitor& visitor, std::string_view name, Map& map,
               F element) {
  std::vector<int64_t> keys(map.size());
  std::ranges::transform(map, keys.begin(), &Map::value_type::first);
  auto there = keys;
  visitor.enter(name);
  visitor.integers("keys", keys);
  if (keys != there)
    map.clear();
  for (auto key : keys) {
    visitor.enter(std::to_string(key));
    element(map[static_cast<typename Map::key_type>(key)]);
    visitor.leave();
  }
  visitor.leave();
}

/// A list of tensors.
void visit_value(state_visitor& visitor, std::string_view name,
                 std::vector<at::Tensor>& value);

/// A list of buffers; those that were not there are made like `like`, a flat
/// tensor.
void visit_buffers(state_visitor& visitor, std::string_view name,
                   std::vector<flat_buffer>& value, const at::Tensor& like);

} // namespace caps
