#include "runtime/recording/fork.hpp"

#include "models/errors.hpp"
#include "runtime/recording/event_check.hpp"
#include "runtime/recording/observed_row.hpp"
#include "runtime/recording/recorded_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

fork_watch::fork_watch(recording_file& file, run_plan& plan, int64_t after,
                       event_sink* next, const std::atomic<bool>* interrupted,
                       int64_t from)
  : rows_(file, from + 1), plan_(plan), after_(after), next_(next),
    interrupted_(interrupted), begun_(from) {}

event_ticket fork_watch::begin(const event_begin& x) {
  if (next_ != nullptr)
    return next_->begin(x);
  return {++begun_, x.time - virtual_start.count()};
}

void fork_watch::end(const event_end& x) {
  if (next_ != nullptr)
    next_->end(x);
  if (interrupted_ != nullptr && *interrupted_)
    over_ = true;
  if (x.ticket.sequence <= after_ && problem_.empty())
    compare(x);
  if (plan_.changes)
    plan_.changes->after(x.ticket.sequence, *plan_.environment);
}

void fork_watch::compare(const event_end& x) {
  event_row recorded;
  if (!rows_.next(recorded))
    return;
  auto found = differences(recorded, row_of(x, recorded.wall));
  if (found.empty())
    return;
  problem_ = fmt::format("it does not run as recorded: {} differs: {} "
                         "(recorded, now)",
                         event_text(recorded), fmt::join(found, "; "));
  over_ = true;
}

void fork_watch::note(node_id node, const event_ticket& event, bool failure,
                      const std::string& text) {
  if (next_ != nullptr)
    next_->note(node, event, failure, text);
}

std::optional<int64_t> fork_watch::snapshot_every() const {
  return next_ != nullptr ? next_->snapshot_every() : std::nullopt;
}

bool fork_watch::wants_run_state() const {
  return next_ != nullptr && next_->wants_run_state();
}

void fork_watch::keep(run_state x) {
  next_->keep(std::move(x));
}

std::vector<scenario_change>
prepare_fork(recording_file& file, run_plan& plan, int64_t after,
             const std::vector<std::string>& settings,
             const components& known) {
  auto path = file.path().string();
  if (plan.content.clock != "virtual")
    throw input_error(fmt::format("{}: on the real clock nobody can tell how a "
                                  "run would have gone on; forks need the "
                                  "virtual clock",
                                  path));
  if (after < 1 || after > file.last())
    throw input_error(
      fmt::format("--at {}: {} has events 1 to {}", after, path, file.last()));
  auto result = changes_of(file);
  std::erase_if(result,
                [&](const scenario_change& x) { return x.after > after; });
  if (!settings.empty())
    result.push_back({after, settings});
  plan.changes = make_changes(file, result, known);
  return result;
}

} // namespace caps
