#include "runtime/cluster/lobby.hpp"

#include "models/errors.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/process/version.hpp"

#include <fmt/format.h>

#include <utility>

namespace caps {

namespace {

bool gone(waiting_host& x) {
  try {
    x.talk->take();
    return false;
  } catch (const error&) {
    return true;
  }
}

} // namespace

lobby::lobby(std::filesystem::path identity,
             const std::vector<host_entry>& hosts)
  : identity_(std::move(identity)) {
  for (const auto& x : hosts)
    expected_.insert(x.name);
}

door_answer lobby::decide(const door_visitor& x) {
  if (x.request.contains("enrol"))
    return enrol_host(x);
  if (!x.request.contains("host"))
    return refused("asks for nothing that is known here");
  if (!x.subject)
    return refused("this host shows no certificate; `caps_runtime cluster "
                   "add` at the head makes a token, `join --token` gets one");
  auto version = x.request.value("version", std::string{});
  if (version != version_text())
    return refused(fmt::format("host {} runs {}, this head {}", x.subject->name,
                               version, version_text()));
  return let_in(x.subject->name, x);
}

door_answer lobby::let_in(const std::string& name, const door_visitor& x) {
  auto port = x.request.value("port", uint16_t{0});
  auto threads = x.request.value("threads", size_t{1});
  auto gpus = x.request.value("gpus", size_t{0});
  std::lock_guard guard{mutex_};
  if (!expected_.contains(name))
    return refused(fmt::format("the hosts file does not name a host '{}'",
                               name));
  if (auto i = here_.find(name); i != here_.end())
    return i->second.talk == nullptr
             ? refused_for_now("a run is under way without this host")
             : refused(fmt::format("there is a host '{}' already", name));
  return {{{"welcome", true}},
          [this, name, port, threads, gpus,
           address = x.address](std::unique_ptr<byte_stream> stream) {
            std::lock_guard lock{mutex_};
            here_[name] = {std::make_unique<host_talk>(std::move(stream)),
                           address, port, threads, gpus};
          }};
}

door_answer lobby::enrol_host(const door_visitor& x) const {
  try {
    const auto& secret = x.request["enrol"];
    auto key = x.request.value("key", std::string{});
    if (!secret.is_string())
      return refused("a token that is no text");
    return {{{"certificate",
              take_in(identity_, secret.get<std::string>(), key)}},
            {}};
  } catch (const error& e) {
    return refused(e.what());
  }
}

std::vector<std::string> lobby::missing() {
  std::lock_guard lock{mutex_};
  std::vector<std::string> result;
  for (const auto& name : expected_) {
    auto i = here_.find(name);
    if (i != here_.end() && !gone(i->second))
      continue;
    if (i != here_.end())
      here_.erase(i);
    result.push_back(name);
  }
  return result;
}

std::map<std::string, std::string> lobby::states() {
  std::lock_guard lock{mutex_};
  std::map<std::string, std::string> result;
  for (const auto& name : expected_) {
    auto i = here_.find(name);
    result[name] = i == here_.end()            ? "has not come"
                   : i->second.talk == nullptr ? "takes part"
                                               : "waits";
  }
  return result;
}

waiting_host lobby::take(const std::string& name) {
  std::lock_guard lock{mutex_};
  // The entry stays, so that no other host of this name comes in.
  return std::move(here_.at(name));
}

std::optional<waiting_host> lobby::take_again(const std::string& name) {
  std::lock_guard lock{mutex_};
  auto i = here_.find(name);
  if (i == here_.end())
    return std::nullopt;
  if (i->second.talk == nullptr || gone(i->second)) {
    here_.erase(i);
    return std::nullopt;
  }
  return std::move(i->second);
}

} // namespace caps
