#include "runtime/recording/replay_check.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/recording/event_check.hpp"
#include "runtime/recording/observed_row.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run/scenario_change.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

#include <ATen/ops/from_blob.h>

#include <fmt/format.h>

#include <atomic>
#include <memory>

namespace caps {

namespace {

/// Finds the tensor in which a node has gone its own way.
class tensor_search {
public:
  tensor_search(recording_file& file, const run_plan& plan)
    : file_(file), plan_(plan) {}

  /// A node diverged at an event.
  void begin(const event_row& x) {
    query rows{file_, "SELECT id FROM snapshot WHERE node = ? AND sequence >= "
                      "? AND kind = 'parameters' ORDER BY id LIMIT 1"};
    rows.bind(int64_t{x.destination}).bind(x.sequence);
    if (!rows.next())
      return;
    recorded_ = read_snapshot(file_, rows.integer(0).value_or(0));
  }

  /// Whether the state of the node after an event decides it.
  bool wants(int64_t sequence) const noexcept {
    return recorded_.sequence > 0 && sequence == recorded_.sequence;
  }

  /// Whether there is nothing to wait for.
  bool over(int64_t sequence) const noexcept {
    return sequence >= recorded_.sequence;
  }

  tensor_difference compare(const at::Tensor& now) {
    tensor_difference result;
    result.sequence = recorded_.sequence;
    auto host = now.cpu().contiguous();
    auto type = to_element_type(host.scalar_type());
    if (recorded_.content != to_string(type)
        || recorded_.bytes.size() != host.nbytes())
      throw data_error(fmt::format("{}: the snapshot of node {} at event {} is "
                                   "not of the size of its parameters",
                                   file_.path().string(), recorded_.node,
                                   recorded_.sequence));
    auto recorded = at::from_blob(recorded_.bytes.data(), host.sizes(),
                                  host.options());
    auto apart = recorded.to(at::kDouble).sub(host.to(at::kDouble)).abs();
    auto layout = layout_of(plan_, static_cast<node_id>(recorded_.node));
    for (const auto& x : layout.entries()) {
      auto largest = apart.narrow(0, x.offset, x.numel).max().item().toDouble();
      if (largest > result.largest) {
        result.largest = largest;
        result.tensor = x.name;
      }
    }
    return result;
  }

private:
  recording_file& file_;
  const run_plan& plan_;
  stored_snapshot recorded_;
};

/// Compares a run as it goes with its recording; ends it where that is of no
/// use any more.
class comparer final : public event_sink, public run_observer {
public:
  comparer(recording_file& file, run_plan& plan,
           const std::atomic<bool>* interrupted)
    : plan_(plan), rows_(file), search_(file, plan), interrupted_(interrupted),
      snapshot_every_(plan.content.recording_snapshots) {
    more_ = rows_.next(next_);
  }

  event_ticket begin(const event_begin& x) override {
    if (begun_ == 0)
      first_time_ = x.time;
    return {++begun_, x.time - first_time_};
  }

  void end(const event_end& x) override {
    if (plan_.changes)
      plan_.changes->after(x.ticket.sequence, *plan_.environment);
    if (interrupted_ != nullptr && *interrupted_)
      over_ = true;
    if (over_)
      return;
    if (!report_.first && !compare(x)) {
      if (!more_) // the recording was cut off here
        over_ = true;
      return;
    }
    if (search_.wants(x.ticket.sequence) && x.snapshot)
      report_.where = search_.compare(to_tensor(x.snapshot->weights));
    if (search_.over(x.ticket.sequence))
      over_ = true;
  }

  std::optional<int64_t> snapshot_every() const override {
    return snapshot_every_;
  }

  /// Becomes true when the run may end.
  const std::atomic<bool>& over() const noexcept { return over_; }

  replay_report report(bool complete) {
    if (complete && more_ && !report_.first)
      report_.first
        = divergence{next_, std::nullopt, {"the run ends before this event"}};
    return report_;
  }

private:
  /// Returns whether the event is the first that differs.
  bool compare(const event_end& x) {
    auto now = row_of(x, next_.wall);
    auto found = differences(next_, now);
    if (!found.empty()) {
      report_.first = divergence{next_, now, std::move(found)};
      search_.begin(next_);
      return true;
    }
    ++report_.events;
    more_ = rows_.next(next_);
    return false;
  }

  run_plan& plan_;
  event_rows rows_;
  tensor_search search_;
  const std::atomic<bool>* interrupted_;
  int64_t snapshot_every_;
  int64_t begun_ = 0;
  int64_t first_time_ = 0;
  event_row next_;
  bool more_ = false;
  replay_report report_;
  std::atomic<bool> over_ = false;
};

void throw_if(const std::atomic<bool>* interrupted) {
  if (interrupted != nullptr && *interrupted)
    throw error("interrupted", exit_code::interrupted);
}

replay_report execute_again(recording_file& file, run_plan& plan,
                            const run_settings& settings) {
  // What was measured on the way has no part in it.
  plan.data.test = nullptr;
  plan.validation.clear();
  comparer check{file, plan, settings.interrupted};
  plan.environment->events = &check;
  auto own = settings;
  own.interrupted = &check.over();
  run_virtual(plan, own, check);
  plan.environment->events = nullptr;
  throw_if(settings.interrupted);
  return check.report(!check.over());
}

/// A rerun that goes on with new nodes.
std::unique_ptr<rerun> resumed(recording_file& file, const run_plan& plan,
                               size_t threads, std::unique_ptr<rerun> before) {
  auto state = before->save();
  before.reset();
  if (state == nullptr)
    throw input_error(fmt::format("protocol {} does not show its state "
                                  "(protocol::visit_state)",
                                  plan.content.protocol.name()));
  return std::make_unique<rerun>(plan, threads, rerun_facts_of(file, plan),
                                 *state);
}

replay_report deliver_again(recording_file& file, const run_plan& plan,
                            const run_settings& settings,
                            std::optional<int64_t> resume_at) {
  replay_report result;
  tensor_search search{file, plan};
  event_rows rows{file};
  auto again = std::make_unique<rerun>(plan, settings.threads,
                                       rerun_facts_of(file, plan));
  for (event_row x; rows.next(x);) {
    throw_if(settings.interrupted);
    auto found = again->handle(x);
    if (x.sequence == resume_at && !found)
      again = resumed(file, plan, settings.threads, std::move(again));
    if (!found && !result.first) {
      ++result.events;
      continue;
    }
    if (!result.first) {
      result.first = std::move(found);
      search.begin(x);
    }
    if (again->position() < x.sequence)
      break; // it cannot go on
    if (search.wants(x.sequence))
      result.where
        = search.compare(again->at(x.destination).parameters().weights().read());
    if (search.over(x.sequence))
      break;
  }
  return result;
}

/// Whether the user ended the run: no scenario says when.
bool was_interrupted(recording_file& file) {
  query rows{file, "SELECT count(*) FROM event WHERE kind = 'stop'"};
  return rows.next() && rows.integer(0).value_or(0) > 0;
}

} // namespace

std::string replay_report::text() const {
  if (!first)
    return fmt::format("{} events, all as recorded\n", events);
  auto result = fmt::format(
    "{} events as recorded, then {} at step {} differs (recorded, now):\n",
    events, event_text(first->recorded), first->recorded.node_step);
  for (const auto& x : first->differences)
    result += fmt::format("  {}\n", x);
  if (!where)
    result += "no snapshot of the node follows that could tell the tensor\n";
  else if (where->tensor.empty())
    result += fmt::format("at its snapshot of event {} the node is as recorded "
                          "again\n",
                          where->sequence);
  else
    result
      += fmt::format("at the node's snapshot of event {} {} differs most, "
                     "by up to {}\n",
                     where->sequence, where->tensor, to_text(where->largest));
  return result;
}

replay_report check_replay(recording_file& file, run_plan& plan,
                           const run_settings& settings) {
  if (plan.content.clock == "virtual" && !was_interrupted(file))
    return execute_again(file, plan, settings);
  return deliver_again(file, plan, settings, std::nullopt);
}

replay_report check_resumed_replay(recording_file& file, const run_plan& plan,
                                   const run_settings& settings, int64_t at) {
  if (at < 1 || at > file.last())
    throw input_error(fmt::format("--resume-at {}: {} has events 1 to {}", at,
                                  file.path().string(), file.last()));
  return deliver_again(file, plan, settings, at);
}

} // namespace caps
