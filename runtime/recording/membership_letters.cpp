#include "runtime/recording/membership_letters.hpp"

#include "actors/node/membership_orders.hpp"
#include "actors/observation/event_sink.hpp"

#include <caf/binary_deserializer.hpp>

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
                      const std::vector<caf::actor>& nodes,
                      const caf::actor& membership) {
  auto letter = letters.find(event.sequence);
  if (letter == letters.end())
    return {};
  if (event.kind == event_kind::proposal) {
    proposal_order order{{}, membership};
    return read(order.content, letter->second)
             ? caf::make_message(std::move(order))
             : caf::message{};
  }
  view_order order{{}, {}, membership};
  if (event.kind != event_kind::view || !read(order.content, letter->second))
    return {};
  for (const auto* named : {&order.content.out, &order.content.receivers})
    for (auto id : *named) {
      if (id < 0 || static_cast<size_t>(id) >= nodes.size())
        return {};
      order.handles.push_back({id, nodes[static_cast<size_t>(id)]});
    }
  return caf::make_message(std::move(order));
}

} // namespace caps
