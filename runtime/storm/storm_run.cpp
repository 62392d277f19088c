#include "runtime/storm/storm_run.hpp"

#include "actors/observation/event_sink.hpp"
#include "runtime/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <vector>

namespace caps {

namespace {

/// Rounds after the last view in which nodes may still be on their way to each
/// other, and how much farther than ever nodes may be in the end: a ring that
/// became a line mixes four times as slowly.
constexpr size_t settling_rounds = 10;
constexpr double farther = 10;

/// What a message does to a node's count of updates.
bool may_jump(std::string_view kind) {
  return kind == "state_transfer" || event_kind::is_of_membership(kind);
}

/// Sees all that happens.
class storm_watch final : public event_sink, public run_observer {
public:
  storm_watch(const run_plan& plan, const storm_limits& limits)
    : plan_(plan), limits_(limits), steps_(plan.nodes.size()) {}

  std::atomic<bool>& interrupted() noexcept { return interrupted_; }

  // -- implementation of event_sink -------------------------------------------

  event_ticket begin(const event_begin& x) override {
    if (limits_.duration.count() > 0 && x.time > limits_.duration.count())
      interrupted_ = true;
    return {++result_.events, x.time};
  }

  void end(const event_end& x) override {
    const auto& origin = x.origin;
    mix(static_cast<uint64_t>(x.node));
    mix(static_cast<uint64_t>(origin.stamp.source));
    mix(origin.stamp.sequence);
    mix(static_cast<uint64_t>(x.ticket.time));
    mix(x.state.value_or(0));
    mix(x.digest.value_or(0));
    auto& step = steps_[static_cast<size_t>(x.node)];
    auto made = x.node_step - step;
    if ((made < 0 || made > 1) && !may_jump(origin.kind))
      break_rule(fmt::format("node {} goes from update {} to {} with a {}",
                             x.node, step, x.node_step, origin.kind));
    step = x.node_step;
    result_.duration = std::chrono::nanoseconds{x.ticket.time};
  }

  // -- implementation of run_observer -----------------------------------------

  void on_round(const round_row& x) override {
    distances_.push_back(x.consensus_distance);
  }

  void on_view(const view_row& x) override {
    ++result_.views;
    before_ = distances_.size();
    living_ = x.living;
  }

  void on_lost(const node_event& x) override { gone_.insert(x.stamp.source); }

  void on_end(const run_end& x) override { end_ = x; }

  storm_result conclude() {
    if (interrupted_)
      break_rule("it has not come to its end");
    judge_end();
    if (end_.code == exit_code::success) {
      judge_steps();
      judge_distances();
    }
    if (!distances_.empty())
      result_.farthest = *std::ranges::max_element(distances_);
    result_.digest = digest_;
    return result_;
  }

private:
  void break_rule(const std::string& text) {
    if (result_.broken.empty())
      result_.broken = text;
  }

  /// One after the other (FNV-1a, by words).
  void mix(uint64_t x) noexcept { digest_ = (digest_ ^ x) * 0x100000001b3; }

  void judge_end() {
    result_.gave_up = end_.code == exit_code::lost;
    if (end_.code != exit_code::success && end_.code != exit_code::lost)
      break_rule(end_.text);
    if (end_.text.starts_with("the run stands still"))
      break_rule(end_.text);
  }

  void judge_steps() {
    const auto& nodes = *plan_.environment;
    // Servers make as many as their workers are there for.
    if (!nodes.servers.empty() && plan_.membership != nullptr)
      return;
    std::set<node_id> counted{living_.begin(), living_.end()};
    if (result_.views == 0)
      for (const auto& x : plan_.nodes)
        if (nodes.servers.empty() || x.role == node_role::parameter_server)
          counted.insert(x.id);
    for (auto id : counted) {
      auto epoch = plan_.nodes[static_cast<size_t>(id)].updates_per_epoch;
      auto all = nodes.epochs * (epoch > 0 ? epoch : nodes.steps_per_epoch);
      auto made = steps_[static_cast<size_t>(id)];
      if (!gone_.contains(id) && made != all)
        break_rule(
          fmt::format("node {} has made {} updates of {}", id, made, all));
    }
  }

  void judge_distances() {
    if (distances_.size() < before_ + settling_rounds || distances_.empty()
        || !limits_.farthest)
      return;
    auto begin = distances_.begin() + static_cast<std::ptrdiff_t>(before_);
    auto allowed
      = std::max(*std::max_element(begin, begin + 3), *limits_.farthest);
    if (distances_.back() > farther * allowed)
      break_rule(fmt::format("nodes are {:.3g} apart in the end, after {:.3g} "
                             "at the last view and {:.3g} without faults",
                             distances_.back(), *begin, *limits_.farthest));
  }

  const run_plan& plan_;
  const storm_limits& limits_;
  std::atomic<bool> interrupted_{false};
  storm_result result_;
  uint64_t digest_ = 0xcbf29ce484222325;
  /// Updates of each node.
  std::vector<int64_t> steps_;
  std::vector<double> distances_;
  /// Rounds measured before the last view.
  size_t before_ = 0;
  std::vector<node_id> living_;
  std::set<node_id> gone_;
  run_end end_;
};

} // namespace

storm_result run_in_storm(run_plan& plan, size_t threads,
                          const storm_limits& limits) {
  storm_watch watch{plan, limits};
  plan.environment->events = &watch;
  run_settings how;
  how.threads = threads;
  how.interrupted = &watch.interrupted();
  run_virtual(plan, how, watch);
  return watch.conclude();
}

} // namespace caps
