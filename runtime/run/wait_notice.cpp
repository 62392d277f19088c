#include "runtime/run/wait_notice.hpp"

#include <fmt/format.h>

#include <vector>

namespace caps {

wait_notice::wait_notice(node_id nodes, clock::time_point now) : heard_(now) {
  for (node_id id = 0; id < nodes; ++id)
    steps_[id] = 0;
}

void wait_notice::hear(clock::time_point now) {
  heard_ = now;
  patience_ = first_after;
}

void wait_notice::hear(node_id node, int64_t step, clock::time_point now) {
  if (auto i = steps_.find(node); i != steps_.end())
    i->second = step;
  hear(now);
}

void wait_notice::finish(node_id node, clock::time_point now) {
  steps_.erase(node);
  hear(now);
}

std::optional<std::string> wait_notice::take(clock::time_point now) {
  constexpr size_t shown_max = 5;
  if (now - heard_ < patience_)
    return std::nullopt;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - heard_);
  patience_ *= 2;
  std::vector<std::string> whom;
  for (const auto& [id, step] : steps_) {
    if (whom.size() == shown_max)
      break;
    whom.push_back(fmt::format("node {} (step {})", id, step));
  }
  auto text = whom.empty() ? "the evaluator"
                           : fmt::format("{}", fmt::join(whom, ", "));
  if (steps_.size() > shown_max)
    text += fmt::format(" and {} more", steps_.size() - shown_max);
  return fmt::format("nothing new for {} s: the run waits for {}",
                     seconds.count(), text);
}

} // namespace caps
