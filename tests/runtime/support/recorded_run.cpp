#include "tests/runtime/support/recorded_run.hpp"

#include "tests/support/catch.hpp"

#include "actors/node/payload_tensor.hpp"
#include "runtime/components/components.hpp"
#include "runtime/recording/fork.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/recording_facts.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/recording/stored_state.hpp"
#include "runtime/report/observers.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>

namespace caps::test {

namespace {

constexpr auto scenario_text = R"(
name = "small"
seed = 3
nodes.count = 3
data.name = "least_squares"
data.rows = 24
data.features = 7
data.groups = 3
data.spread = 1
partition.kind = "contiguous"
model.name = "least_squares"
model.dtype = "float64"
training.batch = 4
training.epochs = 4
optimizer.lr = 0.002
optimizer.momentum = 0.5
compute.step_time = "10ms"
recording.snapshot_steps = 0
)";

/// Keeps what a recording must not change.
class result_keeper final : public run_observer {
public:
  explicit result_keeper(recorded_run& result) : result_(result) {}

  void on_snapshot(const node_snapshot& x) override {
    if (!x.final)
      return;
    auto& bytes = result_.weights[x.stamp.source];
    bytes.resize(x.weights.size_bytes());
    if (!bytes.empty())
      x.weights.storage()->copy_to(reinterpret_cast<std::byte*>(bytes.data()));
    result_.bytes_sent += x.bytes_sent;
  }

private:
  recorded_run& result_;
};

} // namespace

run_plan small_plan(const std::vector<std::string>& settings) {
  return make_plan(
    parse_scenario(scenario_text, "test", settings, built_in_components()));
}

recorded_run record(const std::filesystem::path& file,
                    const std::vector<std::string>& settings, size_t threads) {
  auto plan = small_plan(settings);
  return record(file, plan, threads);
}

namespace {

/// Runs a plan with a recording, which says `more` about it, and which begins
/// as `original` up to event `after`. `execute` runs it.
template <class F>
recorded_run record_as(const std::filesystem::path& file, run_plan& plan,
                       const std::map<std::string, std::string>& more,
                       recording_file* original, int64_t after, F execute) {
  recorded_run result;
  result.file = file;
  observers all;
  recorder* recording = nullptr;
  auto level = parse_recording_level(plan.content.recording);
  if (level != recording_level::off) {
    recorder_options options{
      file,
      level,
      plan.content.recording_snapshots,
      [&](const std::string& why) { result.failures.push_back(why); },
      after > 0 ? original : nullptr,
      after,
      plan.content.recording_steps,
      plan.content.recording_budget};
    auto facts = facts_of(plan);
    for (const auto& [key, value] : more)
      facts.meta[key] = value;
    recording = &all.add<recorder>(options, std::move(facts));
    if (recording->wants_events())
      plan.environment->events = recording;
  }
  all.add<result_keeper>(result);
  result.end = execute(all);
  if (recording != nullptr)
    result.outcome = recording->outcome();
  plan.environment->events = nullptr;
  return result;
}

} // namespace

recorded_run record(const std::filesystem::path& file, run_plan& plan,
                    size_t threads,
                    const std::map<std::string, std::string>& facts) {
  run_settings settings;
  settings.threads = threads;
  return record_as(file, plan, facts, nullptr, 0, [&](run_observer& all) {
    return plan.content.clock == "virtual" ? run_virtual(plan, settings, all)
                                           : run_real(plan, settings, all);
  });
}

recorded_run fork(const recorded_run& original,
                  const std::filesystem::path& file, int64_t after,
                  const std::vector<std::string>& settings, fork_start start) {
  auto known = built_in_components();
  recording_file source{original.file};
  auto plan = plan_of(source, known);
  auto changes = prepare_fork(source, plan, after, settings, known);
  std::map<std::string, std::string> more;
  if (!changes.empty())
    more["changes"] = to_json(changes);
  std::optional<run_state> state;
  if (start == fork_start::last_state)
    state = state_before(source, after);
  auto from = state ? state->position : 0;
  auto run = [&](run_observer& all) {
    fork_watch watch{source,  plan, after, plan.environment->events,
                     nullptr, from};
    plan.environment->events = &watch;
    run_settings own;
    own.threads = 2;
    own.interrupted = &watch.over();
    own.from = state ? &*state : nullptr;
    auto end = run_virtual(plan, own, all);
    if (!watch.problem().empty())
      throw error(watch.problem());
    return end;
  };
  auto result = record_as(file, plan, more, &source, from, run);
  result.from = from;
  return result;
}

std::vector<std::string> contents(const recorded_run& run,
                                  const std::string& table) {
  auto where = table == "meta" ? " WHERE key <> 'started'" : "";
  auto order = table == "meta" ? "key" : "1";
  SQLite::Database file{run.file.string()};
  SQLite::Statement rows{
    file, fmt::format("SELECT * FROM {}{} ORDER BY {}", table, where, order)};
  std::vector<std::string> result;
  while (rows.executeStep()) {
    std::string line;
    for (int i = 0; i < rows.getColumnCount(); ++i)
      if (std::string_view{rows.getColumnName(i)} != "wall")
        line += rows.getColumn(i).getString() + "|";
    result.push_back(line);
  }
  return result;
}

std::vector<event_row> events_of(const recorded_run& run) {
  SQLite::Database file{run.file.string()};
  SQLite::Statement rows{
    file, "SELECT sequence, time, wall, kind, source, destination, message, "
          "step, version, staleness, bytes, digest, state, node_step, loss, "
          "norm, cause, sent FROM event ORDER BY sequence"};
  auto integer = [&](int i) -> std::optional<int64_t> {
    auto x = rows.getColumn(i);
    return x.isNull() ? std::nullopt : std::optional{x.getInt64()};
  };
  auto real = [&](int i) -> std::optional<double> {
    auto x = rows.getColumn(i);
    return x.isNull() ? std::nullopt : std::optional{x.getDouble()};
  };
  std::vector<event_row> result;
  while (rows.executeStep()) {
    event_row x;
    x.sequence = *integer(0);
    x.time = *integer(1);
    x.wall = *integer(2);
    x.kind = rows.getColumn(3).getString();
    x.source = static_cast<node_id>(*integer(4));
    x.destination = static_cast<node_id>(*integer(5));
    x.message = *integer(6);
    x.step = *integer(7);
    x.version = *integer(8);
    x.staleness = integer(9);
    x.bytes = *integer(10);
    x.digest = *integer(11);
    x.state = integer(12);
    x.node_step = *integer(13);
    x.loss = real(14);
    x.norm = real(15);
    x.cause = integer(16);
    x.sent = integer(17);
    result.push_back(std::move(x));
  }
  return result;
}

void check_replays(const recorded_run& run) {
  recording_file file{run.file};
  auto known = built_in_components();
  auto plan = plan_of(file, known);
  auto report = check_replay(file, plan, {});
  INFO(report.text());
  CHECK_FALSE(report.first);
  CHECK(report.events == run.outcome.events);
  // And event by event.
  auto other = plan_of(file, known);
  rerun again{other, 1, rerun_facts_of(file, other)};
  event_rows rows{file};
  for (event_row x; rows.next(x);) {
    auto found = again.handle(x);
    INFO((found ? found->text() : ""));
    REQUIRE_FALSE(found);
  }
}

} // namespace caps::test
