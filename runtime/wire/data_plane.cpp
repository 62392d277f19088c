#include "runtime/wire/data_plane.hpp"

#include "runtime/wire/courier.hpp"
#include "runtime/wire/message_trace.hpp"
#include "runtime/wire/passed_file.hpp"

#include <boost/asio/post.hpp>

#include <caf/send.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caps {

data_plane::data_plane(caf::actor_system& system, settings all)
  : system_(system), settings_(std::move(all)) {
  auto streams = std::move(settings_.streams);
  standings_.resize(streams.size());
  for (size_t i = 0; i < streams.size(); ++i) {
    places_.push_back(std::make_shared<link_place>());
    if (streams[i] != nullptr)
      places_[i]->put(make_link(i, std::move(streams[i])));
  }
}

data_plane::~data_plane() {
  for (const auto& x : couriers_)
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  io_.stop();
  if (thread_.joinable())
    thread_.join();
  // Couriers that are still at it keep them alive.
  for (const auto& x : places_)
    if (auto link = x->put(nullptr))
      link->stop();
  for (const auto& x : former_)
    if (auto link = x.lock())
      link->stop();
}

std::shared_ptr<wire_link>
data_plane::make_link(size_t process, std::unique_ptr<byte_stream> stream) {
  auto limits = settings_.limits.at(process);
  if (!stream->local())
    limits.slots.count = 0;
  uint64_t number = 0;
  {
    std::lock_guard lock{mutex_};
    number = ++standings_[process].link;
    standings_[process].now = standing::phase::opening;
  }
  return std::make_shared<wire_link>(io_, std::move(stream), system_, limits,
                                     events_of(process, number),
                                     places_[process]->meter());
}

caf::actor data_plane::courier_to(node_id from, node_id to, size_t process) {
  auto result = system_.spawn(courier, places_.at(process), from, to);
  std::lock_guard lock{mutex_};
  return couriers_.emplace_back(std::move(result));
}

void data_plane::start(std::map<node_id, caf::actor> receivers) {
  receivers_ = std::move(receivers);
  for (const auto& x : places_)
    if (auto link = x->get())
      link->start();
  thread_ = std::thread{[this] { io_.run(); }};
}

void data_plane::end(size_t process) {
  if (auto link = places_.at(process)->get())
    link->end();
}

void data_plane::replace(size_t process, std::unique_ptr<byte_stream> stream) {
  boost::asio::post(io_, [this, process, x = std::move(stream)]() mutable {
    auto next = make_link(process, std::move(x));
    if (auto before = places_[process]->put(next)) {
      before->end();
      std::erase_if(former_, [](const auto& y) { return y.expired(); });
      former_.push_back(before);
    }
    next->start();
  });
}

void data_plane::take_streams_from(int socket) {
  boost::asio::post(io_, [this, socket] {
    streams_.emplace(io_, socket);
    wait_for_streams();
  });
}

void data_plane::wait_for_streams() {
  streams_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](const auto& problem) {
                         if (problem)
                           return;
                         auto x = receive_file(streams_->native_handle());
                         if (!x) // the other end is gone
                           return;
                         auto stream = std::make_unique<plain_stream>(x->file);
                         if (x->number < places_.size())
                           replace(x->number, std::move(stream));
                         wait_for_streams();
                       });
}

bool data_plane::set(size_t process, const standing& x) {
  {
    std::lock_guard lock{mutex_};
    if (standings_[process].link != x.link)
      return false;
    standings_[process] = x;
  }
  changed_.notify_all();
  return true;
}

bool data_plane::is_open(size_t process) const {
  std::lock_guard lock{mutex_};
  return standings_.at(process).now == standing::phase::open;
}

bool data_plane::is_awaited(size_t process) const {
  std::lock_guard lock{mutex_};
  return standings_.at(process).now == standing::phase::opening;
}

void data_plane::wait_until_open(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, patience, [this] {
    return std::ranges::find(standings_, standing::phase::opening,
                             &standing::now)
           == standings_.end();
  });
}

link_report data_plane::traffic() const {
  link_report result;
  for (const auto& x : places_)
    if (auto link = x->get())
      link->add_to(result);
    else
      x->meter()->add_to(result);
  return result;
}

wire_events data_plane::events_of(size_t process, uint64_t link) {
  wire_events result;
  result.arrived = [this, process](node_id from, node_id to,
                                   caf::message content) -> std::string {
    auto i = receivers_.find(to);
    if (i == receivers_.end())
      return fmt::format("a message for {}, which does not live here", to);
    auto problem = settings_.refusal(process, from, to, content);
    if (problem.empty())
      i->second->enqueue(nullptr, caf::make_message_id(),
                         from_trace(std::move(content)), nullptr);
    return problem;
  };
  result.broken = [this, process](const std::string& why) {
    settings_.broken(process, why);
  };
  result.opened = [this, process, link] {
    set(process, {standing::phase::open, link});
  };
  result.closed = [this, process, link] {
    if (set(process, {standing::phase::closed, link}) && settings_.closed)
      settings_.closed(process);
  };
  result.replaced = [this](node_id from, node_id to) {
    settings_.note(fmt::format("node {} does not keep up: newer messages of "
                               "node {} take the place of older ones",
                               to, from));
  };
  return result;
}

} // namespace caps
