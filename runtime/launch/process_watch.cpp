#include "runtime/launch/process_watch.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caps {

namespace {

using namespace std::chrono_literals;

/// Processes that live shorter are started again more and more seldom.
constexpr auto short_life = 10s;
constexpr std::chrono::steady_clock::duration first_pause = 100ms;
constexpr std::chrono::steady_clock::duration longest_pause = 10s;

} // namespace

process_watch::process_watch(team& all, events what)
  : all_(all), events_(std::move(what)), lives_(all.members.size()) {
  for (auto& x : lives_)
    x.began = clock::now();
}

void process_watch::look(bool revives) {
  for (size_t i = 0; i < lives_.size(); ++i) {
    auto& x = lives_[i];
    if (!x.lost) {
      if (auto why = all_.members[i]->loss())
        lose(i, *why);
    } else if (revives && all_.revive && clock::now() >= x.again) {
      revive(i);
    }
  }
  if (all_.next_arrival)
    while (auto x = all_.next_arrival())
      events_.arrived(x->process, std::move(x->stream));
}

void process_watch::lose(size_t process, const std::string& why) {
  auto& x = lives_[process];
  x.lost = true;
  auto now = clock::now();
  if (now - x.began >= short_life)
    x.pause = 0ms;
  x.again = now + x.pause;
  x.pause = std::min(longest_pause, std::max(first_pause, 2 * x.pause));
  events_.lost(process, why);
}

void process_watch::revive(size_t process) {
  auto& x = lives_[process];
  x.began = clock::now();
  try {
    if (!all_.revive(all_, process)) {
      x.again = x.began + first_pause;
      return;
    }
    x.lost = false;
    events_.note(
      fmt::format("{} is started again", all_.members[process]->name()));
  } catch (const error& e) {
    events_.note(fmt::format("{} cannot be started again: {}",
                             all_.members[process]->name(), e.what()));
    x.again = x.began + longest_pause;
  }
}

} // namespace caps
