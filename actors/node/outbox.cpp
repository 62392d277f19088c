#include "actors/node/outbox.hpp"

#include "actors/links/delay_injector.hpp"
#include "actors/node/actor_object.hpp"
#include "models/state_values.hpp"

#include <caf/event_based_actor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caps {

namespace {

std::optional<link_traffic>& traffic_of(const caf::actor& injector) {
  using type = caf::stateful_actor<delay_injector_state>;
  return actor_object<type>(injector).state.traffic;
}

} // namespace

void outbox::open(const std::vector<acquaintance>& neighbours,
                  const std::map<node_id, link_model>& models) {
  links_.clear();
  for (const auto& other : neighbours)
    links_.push_back({other.id, other.handle});
  change(models);
}

void outbox::extend(const std::vector<node_id>& neighbours,
                    const std::function<caf::actor(node_id)>& way,
                    const std::map<node_id, link_model>& models,
                    const link_model& usual) {
  for (auto id : neighbours) {
    if (id == id_ || find(id) != nullptr)
      continue;
    links_.push_back({id, way(id)});
    auto own = models.find(id);
    const auto& model = own != models.end() ? own->second : usual;
    if (!model.ideal())
      links_.back().injector = make_injector(id, model);
  }
}

void outbox::part(const std::vector<node_id>& peers, int64_t by) {
  for (auto id : peers)
    if ((parted_[id] += by) == 0)
      parted_.erase(id);
}

outbox::link* outbox::find(node_id to) {
  auto i = std::ranges::find(links_, to, &link::to);
  return i != links_.end() ? &*i : nullptr;
}

void outbox::deliver(const link& way, caf::message content, size_t bytes) {
  if (parted_.contains(way.to))
    return;
  if (way.injector)
    owner_.send(way.injector, envelope{way.handle, std::move(content), bytes});
  else
    way.handle->enqueue(owner_.ctrl(), caf::make_message_id(),
                        std::move(content), owner_.context());
}

void outbox::change(const std::map<node_id, link_model>& models) {
  for (auto& x : links_) {
    auto i = models.find(x.to);
    auto next = i != models.end() ? i->second : link_model{};
    // Messages on their way stay on it, so an injector stays as well.
    if (x.injector)
      caf::anon_send(x.injector, std::move(next));
    else if (!next.ideal())
      x.injector = make_injector(x.to, next);
  }
}

std::vector<edge_record> outbox::records() const {
  std::map<node_id, edge_record> result;
  for (const auto& x : links_)
    result[x.to] = {x.to, x.bytes_sent, x.messages_sent, 0};
  for (auto [from, missed] : missed_) {
    result[from].peer = from;
    result[from].missed = missed;
  }
  std::vector<edge_record> records;
  records.reserve(result.size());
  for (const auto& [peer, record] : result)
    records.push_back(record);
  return records;
}

void outbox::visit_state(state_visitor& visitor) {
  visit_value(visitor, "bytes_sent", bytes_sent_);
  visit_value(visitor, "messages_sent", messages_sent_);
  for (auto& x : links_) {
    visitor.enter(fmt::format("to {}", x.to));
    visit_value(visitor, "bytes_sent", x.bytes_sent);
    visit_value(visitor, "messages_sent", x.messages_sent);
    visitor.leave();
  }
  std::map<int64_t, int64_t> missed{missed_.begin(), missed_.end()};
  visit_value(visitor, "missed", missed);
  missed_ = {missed.begin(), missed.end()};
}

void outbox::visit_links(state_visitor& visitor) {
  for (auto& x : links_) {
    visitor.enter(fmt::format("to {}", x.to));
    // A link that has become ideal keeps its injector.
    auto injected = static_cast<bool>(x.injector);
    visit_value(visitor, "injected", injected);
    if (injected && !x.injector)
      x.injector = make_injector(x.to, {});
    if (injected) {
      auto& traffic = traffic_of(x.injector);
      if (!traffic) // it has not begun yet
        traffic = traffic_to(x.to, {});
      visit_nested(visitor, "traffic", *traffic);
    }
    visitor.leave();
  }
}

link_traffic outbox::traffic_to(node_id to, const link_model& model) const {
  return {model, random_stream{seed_, id_, fmt::format("link {}", to)}};
}

caf::actor outbox::make_injector(node_id to, const link_model& model) {
  // Restored nodes make theirs while they handle nothing.
  auto result
    = owner_.home_system().spawn(delay_injector, traffic_to(to, model));
  owner_.link_to(result);
  return result;
}

} // namespace caps
