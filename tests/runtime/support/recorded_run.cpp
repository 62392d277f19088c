#include "tests/runtime/support/recorded_run.hpp"

#include "actors/payload_tensor.hpp"
#include "runtime/recording/recording_facts.hpp"
#include "runtime/report/observers.hpp"
#include "runtime/scenario/components.hpp"

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

temporary_folder::temporary_folder() {
  auto pattern
    = (std::filesystem::temp_directory_path() / "caps-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw error("cannot make " + pattern);
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

run_plan small_plan(const std::vector<std::string>& settings) {
  return make_plan(
    parse_scenario(scenario_text, "test", settings, built_in_components()));
}

recorded_run record(const std::filesystem::path& file,
                    const std::vector<std::string>& settings, size_t threads) {
  auto plan = small_plan(settings);
  return record(file, plan, threads);
}

recorded_run record(const std::filesystem::path& file, run_plan& plan,
                    size_t threads) {
  recorded_run result;
  result.file = file;
  observers all;
  recorder* recording = nullptr;
  auto level = parse_recording_level(plan.content.recording);
  if (level != recording_level::off) {
    recorder_options options{
      file, level, plan.content.recording_snapshots,
      [&](const std::string& why) { result.failures.push_back(why); }};
    recording = &all.add<recorder>(options, facts_of(plan));
    if (recording->wants_events())
      plan.environment->events = recording;
  }
  all.add<result_keeper>(result);
  run_settings settings;
  settings.threads = threads;
  result.end = plan.content.clock == "virtual"
                 ? run_virtual(plan, settings, all)
                 : run_real(plan, settings, all);
  if (recording != nullptr)
    result.outcome = recording->outcome();
  plan.environment->events = nullptr;
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

} // namespace caps::test
