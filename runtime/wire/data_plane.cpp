#include "runtime/wire/data_plane.hpp"

#include "runtime/wire/courier.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>

#include <utility>

namespace caps {

data_plane::data_plane(caf::actor_system& system, settings all)
  : system_(system), settings_(std::move(all)) {
  auto& streams = settings_.streams;
  for (size_t i = 0; i < streams.size(); ++i) {
    auto& link = links_.emplace_back();
    if (streams[i] == nullptr)
      continue;
    auto limits = settings_.limits.at(i);
    if (!streams[i]->local())
      limits.slots.count = 0;
    link = std::make_shared<wire_link>(io_, std::move(streams[i]), system_,
                                       limits, events_of(i));
  }
}

data_plane::~data_plane() {
  for (const auto& x : couriers_)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  io_.stop();
  if (thread_.joinable())
    thread_.join();
  // Couriers that are still at it keep them alive.
  for (const auto& x : links_)
    if (x != nullptr)
      x->stop();
}

caf::actor data_plane::courier_to(node_id from, node_id to, size_t process) {
  return couriers_.emplace_back(
    system_.spawn(courier, links_.at(process), from, to));
}

void data_plane::start(std::map<node_id, caf::actor> receivers) {
  receivers_ = std::move(receivers);
  for (const auto& x : links_)
    if (x != nullptr)
      x->start();
  thread_ = std::thread{[this] { io_.run(); }};
}

link_report data_plane::traffic() const {
  link_report result;
  for (const auto& x : links_)
    if (x != nullptr)
      x->add_to(result);
  return result;
}

wire_events data_plane::events_of(size_t process) {
  wire_events result;
  result.arrived = [this, process](node_id from, node_id to,
                                   caf::message content) -> std::string {
    auto i = receivers_.find(to);
    if (i == receivers_.end())
      return fmt::format("a message for {}, which does not live here", to);
    auto problem = settings_.refusal(process, from, to, content);
    if (problem.empty())
      i->second->enqueue(nullptr, caf::make_message_id(), std::move(content),
                         nullptr);
    return problem;
  };
  result.broken = [this, process](const std::string& why) {
    settings_.broken(process, why);
  };
  if (settings_.closed)
    result.closed = [this, process] { settings_.closed(process); };
  result.replaced = [this](node_id from, node_id to) {
    settings_.note(fmt::format("node {} does not keep up: newer messages of "
                               "node {} take the place of older ones",
                               to, from));
  };
  return result;
}

} // namespace caps
