#include "runtime/launch/process_gate.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace caps {

nlohmann::json process_request(const std::string& run, uint32_t process,
                               uint32_t life) {
  return {{"run", run}, {"process", process}, {"life", life}};
}

process_gate::process_gate(settings all)
  : settings_(std::move(all)), visitors_(settings_.hosts.size()) {}

door_answer process_gate::decide(const door_visitor& x) {
  auto field
    = [&](const char* name) { return x.request.value(name, nlohmann::json{}); };
  auto number = field("process");
  auto of_life = field("life");
  if (field("run") != settings_.run || !number.is_number_unsigned()
      || number >= visitors_.size() || !of_life.is_number_unsigned()
      || of_life > std::numeric_limits<uint32_t>::max())
    return refused("there is no such run");
  if (!x.subject)
    return refused("shows no certificate");
  auto process = number.get<size_t>();
  auto life = of_life.get<uint32_t>();
  const auto& host = settings_.hosts[process];
  std::lock_guard lock{mutex_};
  auto comes = life > 0 || settings_.awaited.contains(process);
  if (host.empty() || host != x.subject->name || !comes)
    return refused(fmt::format("process {} is not one of host {}", process,
                               x.subject->name));
  auto& known = visitors_[process].life;
  if (known && *known >= life)
    return refused(fmt::format("process {} is here already", process));
  known = life;
  return {{{"welcome", true}, {"life", settings_.life}},
          [this, process](std::unique_ptr<byte_stream> stream) {
            put(process, std::move(stream));
          }};
}

void process_gate::put(size_t process, std::unique_ptr<byte_stream> stream) {
  std::function<void(size_t, std::unique_ptr<byte_stream>)> next;
  {
    std::lock_guard lock{mutex_};
    visitors_[process].came = true;
    next = pass_on_;
    if (!next)
      visitors_[process].stream = std::move(stream);
  }
  if (next)
    next(process, std::move(stream));
  came_.notify_all();
}

std::unique_ptr<byte_stream> process_gate::take(size_t process) {
  std::lock_guard lock{mutex_};
  return std::move(visitors_.at(process).stream);
}

std::vector<size_t> process_gate::missing() {
  std::lock_guard lock{mutex_};
  std::vector<size_t> result;
  for (auto i : settings_.awaited)
    if (!visitors_[i].came)
      result.push_back(i);
  return result;
}

void process_gate::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  came_.wait_for(lock, patience);
}

std::unique_ptr<byte_stream>
process_gate::reached(size_t process, uint32_t life, size_t own,
                      std::unique_ptr<byte_stream> stream) {
  std::lock_guard lock{mutex_};
  auto& x = visitors_.at(process);
  auto both = x.stream != nullptr && x.life == life;
  // Both ends keep the call of the one with the lower number.
  if (both && process < own)
    return std::move(x.stream);
  if (!x.life || *x.life <= life) {
    x.life = life;
    x.stream = nullptr;
    return stream;
  }
  return std::move(x.stream); // it was started again meanwhile
}

void process_gate::pass_on(
  std::function<void(size_t process, std::unique_ptr<byte_stream>)> f) {
  std::vector<std::pair<size_t, std::unique_ptr<byte_stream>>> here;
  {
    std::lock_guard lock{mutex_};
    pass_on_ = f;
    for (size_t i = 0; i < visitors_.size(); ++i)
      if (auto& stream = visitors_[i].stream)
        here.emplace_back(i, std::move(stream));
  }
  for (auto& [process, stream] : here)
    f(process, std::move(stream));
}

} // namespace caps
