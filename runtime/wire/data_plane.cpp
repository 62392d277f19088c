#include "runtime/wire/data_plane.hpp"

#include "runtime/wire/courier.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>

#include <utility>

namespace caps {

data_plane::data_plane(caf::actor_system& system, settings all)
  : system_(system), settings_(std::move(all)) {
  for (size_t i = 0; i < settings_.sockets.size(); ++i)
    links_.push_back(
      settings_.sockets[i] < 0
        ? nullptr
        : std::make_shared<wire_link>(io_, settings_.sockets[i], system_,
                                      settings_.limits.at(i), events_of(i)));
  for (const auto& x : links_)
    if (x != nullptr)
      x->start();
  thread_ = std::thread{[this] { io_.run(); }};
}

data_plane::~data_plane() {
  for (const auto& x : couriers_)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  io_.stop();
  thread_.join();
}

caf::actor data_plane::courier_to(node_id from, node_id to, size_t process) {
  return couriers_.emplace_back(
    system_.spawn(courier, links_.at(process), from, to));
}

wire_events data_plane::events_of(size_t process) {
  wire_events result;
  result.arrived = [this, process](node_id to, caf::message content) {
    auto i = settings_.nodes.find(to);
    if (i == settings_.nodes.end()) {
      settings_.broken(fmt::format("process {} sends to node {}, which does "
                                   "not live here",
                                   process, to));
      return;
    }
    i->second->enqueue(nullptr, caf::make_message_id(), std::move(content),
                       nullptr);
  };
  result.broken = [this, process](const std::string& why) {
    settings_.broken(fmt::format("the connection with process {}: {}", process,
                                 why));
  };
  result.replaced = [this](node_id from, node_id to) {
    settings_.note(fmt::format("node {} does not keep up: newer messages of "
                               "node {} take the place of older ones",
                               to, from));
  };
  return result;
}

} // namespace caps
