#pragma once

#include "actors/observation/event_sink.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run/run.hpp"
#include "runtime/run/scenario_change.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// Watches a run on the virtual clock that does a recorded one again up to an
/// event and goes on with a changed scenario: compares what happens before the
/// fork with the record, makes the changes of the plan when their events are
/// over, and passes everything on to the recorder of the new run.
class fork_watch final : public event_sink {
public:
  /// `next` may be null; `interrupted` is the user's wish to stop. `from` is
  /// the event after which the run goes on, 0 for one that starts.
  fork_watch(recording_file& file, run_plan& plan, int64_t after,
             event_sink* next, const std::atomic<bool>* interrupted,
             int64_t from = 0);

  /// Becomes true when the run must end.
  const std::atomic<bool>& over() const noexcept { return over_; }

  /// Why the run is no fork of the recorded one; empty if it is.
  const std::string& problem() const noexcept { return problem_; }

  event_ticket begin(const event_begin& x) override;
  void end(const event_end& x) override;
  void note(node_id node, const event_ticket& event, bool failure,
            const std::string& text) override;
  std::optional<int64_t> snapshot_every() const override;
  bool wants_run_state() const override;
  void keep(run_state x) override;

private:
  void compare(const event_end& x);

  event_rows rows_;
  run_plan& plan_;
  int64_t after_;
  event_sink* next_;
  const std::atomic<bool>* interrupted_;
  int64_t begun_;
  std::string problem_;
  std::atomic<bool> over_ = false;
};

/// Adds a change to the plan of a recorded run: `settings` hold after event
/// `after`. Returns all changes of the new run, those of the recorded one
/// before `after` among them. Throws `input_error` if the recording has no such
/// event, was not made on the virtual clock, or the settings cannot change.
std::vector<scenario_change>
prepare_fork(recording_file& file, run_plan& plan, int64_t after,
             const std::vector<std::string>& settings, const components& known);

} // namespace caps
