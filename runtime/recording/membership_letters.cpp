#include "runtime/recording/membership_letters.hpp"

#include "actors/observation/event_sink.hpp"
#include "messages/membership.hpp"

#include <caf/binary_deserializer.hpp>

#include <algorithm>
#include <utility>

namespace caps {

namespace {

template <class T>
bool read(T& to, const std::string& bytes) {
  caf::binary_deserializer source{nullptr, bytes.data(), bytes.size()};
  return !source(to);
}

} // namespace

caf::message order_of(const event_row& event, const membership_letters& letters,
                      node_id nodes) {
  auto letter = letters.find(event.sequence);
  if (letter == letters.end())
    return {};
  if (event.kind == event_kind::proposal) {
    view_proposal order;
    return read(order, letter->second) ? caf::make_message(std::move(order))
                                       : caf::message{};
  }
  node_view order;
  if (event.kind != event_kind::view || !read(order, letter->second))
    return {};
  auto is_there = [nodes](node_id id) { return id >= 0 && id < nodes; };
  if (!std::ranges::all_of(order.out, is_there)
      || !std::ranges::all_of(order.receivers, is_there))
    return {};
  return caf::make_message(std::move(order));
}

} // namespace caps
