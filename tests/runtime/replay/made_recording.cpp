#include "tests/runtime/replay/made_recording.hpp"

#include "runtime/run_file/schema.hpp"

#include <cstdlib>
#include <span>
#include <stdexcept>

namespace caps::test {

namespace {

void fill(SQLite::Statement& to, int at, const std::optional<int64_t>& x) {
  x ? to.bind(at, *x) : to.bind(at);
}

void fill(SQLite::Statement& to, int at, const std::optional<double>& x) {
  x ? to.bind(at, *x) : to.bind(at);
}

constexpr auto layout = R"([
  {"name": "a", "shape": [3], "offset": 0, "numel": 3, "kind": "weight"},
  {"name": "b", "shape": [1, 2], "offset": 3, "numel": 2, "kind": "weight"},
  {"name": "mean", "shape": [2], "offset": 0, "numel": 2, "kind": "buffer"}])";

constexpr auto scenario = R"(
name = "ring"
[swaps]
kind = "round"
steps = 2
[optimizer]
name = "sgd"
lr = 0.01
[[node]]
id = 1
factor = 2.0
)";

} // namespace

made_recording::made_recording()
  : file_(folder_ / "run.caps"),
    database_(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
  database_.exec("PRAGMA synchronous = OFF");
  database_.exec("BEGIN");
  for (const auto& table : recording_tables())
    database_.exec(std::string{table.definition});
  meta("schema", std::to_string(recording_version));
  meta("version", "test");
  meta("level", "events");
  meta("layout", layout);
  meta("scenario", scenario);
  execute("INSERT INTO node VALUES (0, 'peer', 'peer 0', '[1, 2]'), (1, "
          "'peer', 'peer 1', '[0, 2]'), (2, 'peer', 'peer 2', '[0, 1]')");
}

void made_recording::meta(const std::string& key, const std::string& value) {
  SQLite::Statement put{database_, "INSERT OR REPLACE INTO meta VALUES (?, ?)"};
  put.bind(1, key);
  put.bind(2, value);
  put.exec();
}

void made_recording::event(const recorded_event& x) {
  if (!put_event_)
    put_event_.emplace(database_,
                       "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
                       "?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");
  auto& put = *put_event_;
  put.reset();
  int i = 0;
  for (auto value : {x.sequence, x.time, x.wall})
    put.bind(++i, value);
  put.bind(++i, x.kind);
  for (auto value : {x.source, x.destination, x.message, x.step, x.version})
    put.bind(++i, value);
  fill(put, ++i, x.staleness);
  put.bind(++i, x.bytes);
  put.bind(++i, x.digest);
  fill(put, ++i, x.state);
  put.bind(++i, x.node_step);
  fill(put, ++i, x.loss);
  fill(put, ++i, x.norm);
  fill(put, ++i, x.cause);
  fill(put, ++i, x.sent);
  put.exec();
}

void made_recording::metric(int64_t sequence, int64_t time, int64_t node,
                            int64_t epoch, const std::string& name,
                            std::optional<double> value) {
  SQLite::Statement put{
    database_, "INSERT INTO metric VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 0)"};
  put.bind(1, sequence);
  put.bind(2, time);
  put.bind(3, node);
  put.bind(4, epoch);
  put.bind(5, 2 * epoch);
  put.bind(6, name);
  fill(put, 7, value);
  put.exec();
}

void made_recording::snapshot(int64_t sequence, int64_t node, int64_t step,
                              const std::string& kind,
                              const std::vector<float>& values) {
  auto raw = std::as_bytes(std::span{values});
  row_digest digest{static_cast<uint64_t>(snapshot_chain_)};
  digest.add(sequence).add(node).add(step).add(int64_t{0});
  digest.add(std::string_view{kind}).add(std::string_view{"float32"});
  snapshot_chain_ = static_cast<int64_t>(digest.add(raw).result());
  SQLite::Statement put{database_, "INSERT INTO snapshot VALUES (NULL, ?, ?, "
                                   "?, 0, ?, 'float32', ?, ?)"};
  put.bind(1, sequence);
  put.bind(2, node);
  put.bind(3, step);
  put.bind(4, kind);
  put.bind(5, raw.data(), static_cast<int>(raw.size()));
  put.bind(6, snapshot_chain_);
  put.exec();
}

void made_recording::execute(const std::string& sql) {
  put_event_.reset();
  database_.exec(sql);
}

void made_recording::commit() {
  put_event_.reset();
  database_.exec("COMMIT");
  database_.exec("BEGIN");
}

void make_ring(made_recording& to, int64_t steps) {
  constexpr int64_t nodes = 3;
  constexpr int64_t step_time = 10'000'000;
  constexpr int64_t link_time = 2'000'000;
  int64_t sequence = 0;
  for (int64_t i = 0; i < nodes; ++i) {
    recorded_event start;
    start.sequence = ++sequence;
    start.kind = "start";
    start.source = -1;
    start.destination = i;
    to.event(start);
    to.snapshot(sequence, i, 0, "parameters", std::vector<float>(5, 0));
  }
  for (int64_t k = 0; k < steps; ++k) {
    auto ready = 9 * k + 4;
    for (int64_t i = 0; i < nodes; ++i) {
      recorded_event x;
      x.sequence = ++sequence;
      x.time = (k + 1) * step_time;
      x.kind = "gradient_ready";
      x.source = x.destination = i;
      x.message = x.step = x.version = k;
      x.state = 1000 * i + k;
      x.node_step = k + 1;
      x.loss = 1.0 / static_cast<double>(k + 1);
      x.norm = 2;
      x.cause = k == 0 ? i + 1 : ready - 9 + i;
      x.sent = k * step_time;
      to.event(x);
    }
    for (int64_t i = 0; i < nodes; ++i)
      for (int64_t j = 0; j < nodes; ++j) {
        if (i == j)
          continue;
        recorded_event x;
        x.sequence = ++sequence;
        x.time = (k + 1) * step_time + link_time;
        x.kind = "parameters";
        x.source = i;
        x.destination = j;
        x.message = 2 * k + (j > i ? j - 1 : j);
        x.step = x.version = k + 1;
        x.staleness = k % 3;
        x.bytes = 40;
        x.node_step = k + 1;
        x.cause = ready + i;
        x.sent = (k + 1) * step_time;
        to.event(x);
      }
    if (k % 2 == 1)
      for (int64_t i = 0; i < nodes; ++i) {
        auto epoch = (k + 1) / 2;
        to.metric(sequence, (k + 1) * step_time + link_time, i, epoch,
                  "test_loss", 1.0 / static_cast<double>(epoch));
      }
  }
  for (int64_t i = 0; i < nodes; ++i)
    to.snapshot(sequence, i, steps, "parameters",
                std::vector<float>(5, static_cast<float>(i + 1)));
}

} // namespace caps::test
