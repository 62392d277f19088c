#include "actors/membership/fault_schedule.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace caps {

std::string_view to_string(fault_kind kind) {
  switch (kind) {
    case fault_kind::crash:
      return "crash";
    case fault_kind::restart:
      return "restart";
    case fault_kind::pause:
      return "pause";
    case fault_kind::leave:
      return "leave";
    case fault_kind::join:
      return "join";
    case fault_kind::partition:
      return "partition";
    case fault_kind::heal:
      return "heal";
  }
  return "?";
}

fault_schedule::fault_schedule(std::vector<fault> faults, uint64_t seed) {
  for (auto& x : faults) {
    if (!x.gap) {
      due_.emplace(x.at, std::move(x));
      continue;
    }
    auto number = processes_.size();
    auto at = x.at;
    processes_.push_back(
      {std::move(x),
       random_stream{seed, no_node, fmt::format("faults {}", number)}});
    draw(number, at);
  }
}

std::optional<fault_schedule::duration> fault_schedule::next() const {
  std::optional<duration> result;
  if (!due_.empty())
    result = due_.begin()->first;
  if (!drawn_.empty() && (!result || drawn_.begin()->first < *result))
    result = drawn_.begin()->first;
  return result;
}

fault fault_schedule::take() {
  auto drawn = !drawn_.empty()
               && (due_.empty() || drawn_.begin()->first < due_.begin()->first);
  if (!drawn) {
    auto result = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    return result;
  }
  auto [at, number] = *drawn_.begin();
  drawn_.erase(drawn_.begin());
  auto& x = processes_[number];
  auto result = x.what;
  result.gap.reset();
  result.at = at;
  result.nodes
    = {x.what.nodes[static_cast<size_t>(x.stream.below(x.what.nodes.size()))]};
  draw(number, at);
  return result;
}

void fault_schedule::draw(size_t number, duration after) {
  auto& x = processes_[number];
  auto mean = static_cast<double>(x.what.gap->count());
  auto gap = -std::log1p(-x.stream.uniform()) * mean;
  drawn_.emplace(after + duration{std::llround(gap)}, number);
}

} // namespace caps
