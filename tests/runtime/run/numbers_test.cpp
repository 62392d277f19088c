// Whatever a run leaves behind says the same of it, however the run goes. The
// program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <random>
#include <tuple>

using caps::test::csv_table;
using caps::test::read_csv;
using caps::test::read_text;
using caps::test::tiny_scenario;
using caps::test::wait_until;
using caps::test::workshop;

namespace {

using row = std::map<std::string, std::string>;

int64_t whole(const std::string& x) {
  return std::stoll(x);
}

const std::string restless_timing = R"([compute]
step_time = "10ms"
step_time_std = "3ms"
[swaps]
timeout = "40ms"
)";

/// What a run left in "out".
struct results {
  explicit results(const workshop& shop)
    : summary(nlohmann::json::parse(read_text(shop / "out/summary.json"))),
      metrics(read_csv(shop / "out/metrics.csv").rows),
      edges(read_csv(shop / "out/edges.csv").rows),
      recording((shop / "out/run.caps").string()) {
    if (std::filesystem::exists(shop / "out/rounds.csv"))
      rounds = read_csv(shop / "out/rounds.csv").rows;
    if (std::filesystem::exists(shop / "out/protocol.csv"))
      protocol = read_csv(shop / "out/protocol.csv").rows;
    for (const auto& x : metrics)
      last[whole(x.at("node"))] = x;
  }

  /// The first column of the first row.
  SQLite::Column ask(const std::string& sql) {
    SQLite::Statement q{recording, sql};
    REQUIRE(q.executeStep());
    return q.getColumn(0);
  }

  nlohmann::json summary;
  std::vector<row> metrics, edges, rounds, protocol;
  std::map<int64_t, row> last;
  SQLite::Database recording;
};

void check_epochs(const results& x, int64_t nodes, int64_t steps_per_epoch) {
  std::map<int64_t, row> before;
  for (const auto& now : x.metrics) {
    auto node = whole(now.at("node"));
    auto epoch = whole(now.at("epoch"));
    auto step = whole(now.at("step"));
    if (before.count(node) > 0) {
      CHECK(epoch > whole(before[node].at("epoch")));
      CHECK(step >= whole(before[node].at("step")));
    }
    // Of an asynchronous server every gradient is a step.
    auto per_epoch = node < nodes ? steps_per_epoch : 0;
    if (per_epoch > 0) {
      CHECK(step >= (epoch - 1) * per_epoch);
      CHECK(step <= epoch * per_epoch);
      if (now != x.last.at(node))
        CHECK(step == epoch * per_epoch);
    }
    before[node] = now;
  }
}

void check_summary(const results& x, int64_t nodes) {
  REQUIRE(x.summary["nodes"].size() == x.last.size());
  int64_t bytes = 0, messages = 0, steps = 0;
  double time = 0, accuracy = 0;
  size_t measured = 0;
  for (const auto& own : x.summary["nodes"]) {
    const auto& line = x.last.at(own["node"]);
    for (auto name : {"epoch", "step", "bytes_sent"})
      CHECK(own[name] == whole(line.at(name)));
    for (auto name : {"train_loss", "test_loss", "test_acc", "lr"})
      CHECK((own[name].is_null() ? line.at(name) == ""
                                 : own[name] == std::stod(line.at(name))));
    bytes += own["bytes_sent"].get<int64_t>();
    messages += own["messages_sent"].get<int64_t>();
    if (own["node"] < nodes)
      steps += own["step"].get<int64_t>();
    time = std::max(time, std::stod(line.at("virtual_time")));
    if (own["test_acc"].is_null())
      continue;
    ++measured;
    accuracy += own["test_acc"].get<double>();
  }
  CHECK(x.summary["bytes_sent"] == bytes);
  CHECK(x.summary["messages_sent"] == messages);
  CHECK(x.summary["steps"] == steps);
  CHECK(x.summary["virtual_seconds"] == time);
  if (measured > 0)
    CHECK(x.summary["mean_test_acc"].get<double>()
          == Approx(accuracy / static_cast<double>(measured)));
  for (auto name : {"consensus_distance", "mean_model_test_acc"}) {
    std::string text;
    for (const auto& line : x.metrics)
      if (line.at(name) != "")
        text = line.at(name);
    CHECK((text == "" ? x.summary[name].is_null()
                      : x.summary[name] == std::stod(text)));
  }
}

/// Edges add up to what their node has sent, in every epoch.
void check_edges(const results& x) {
  std::map<std::pair<int64_t, int64_t>, int64_t> bytes;
  std::map<std::pair<int64_t, int64_t>, int64_t> messages;
  for (const auto& edge : x.edges) {
    std::pair place{whole(edge.at("from")), whole(edge.at("epoch"))};
    bytes[place] += whole(edge.at("bytes_sent"));
    messages[place] += whole(edge.at("messages_sent"));
  }
  for (const auto& line : x.metrics)
    CHECK(bytes[{whole(line.at("node")), whole(line.at("epoch"))}]
          == whole(line.at("bytes_sent")));
  for (const auto& own : x.summary["nodes"])
    CHECK(messages[{own["node"], own["epoch"]}] == own["messages_sent"]);
}

void check_protocol(const results& x) {
  for (const auto& line : x.protocol) {
    auto same = [&](const row& y) {
      return y.at("node") == line.at("node")
             && y.at("epoch") == line.at("epoch");
    };
    auto i = std::ranges::find_if(x.metrics, same);
    // The first of several servers reports when all have sent their parts.
    if (i == x.metrics.end())
      continue;
    CHECK(i->at("step") == line.at("step"));
    CHECK(i->at("virtual_time") == line.at("virtual_time"));
    if (*i != x.last.at(whole(line.at("node"))) || line.at("of") != "")
      continue;
    auto told = x.summary["protocol_metrics"][line.at("node")][line.at("name")];
    if (told.is_number())
      CHECK(told == std::stod(line.at("value")));
  }
}

void check_rounds(const results& x) {
  for (const auto& round : x.rounds) {
    CHECK(round.at("consensus_distance") != "");
    std::map<std::string, std::vector<row>> epochs;
    for (const auto& line : x.metrics)
      epochs[line.at("epoch")].push_back(line);
    for (const auto& [epoch, lines] : epochs)
      if (std::ranges::all_of(lines, [&](const row& y) {
            // A node that is stopped may have averaged once more.
            return y.at("step") == round.at("step")
                   && y != x.last.at(whole(y.at("node")));
          }))
        CHECK(lines.front().at("consensus_distance")
              == round.at("consensus_distance"));
  }
}

void check_recording(results& x, bool copies) {
  for (auto name : {"train_loss", "test_acc", "lr", "consensus_distance",
                    "mean_model_test_acc", "bytes_sent"}) {
    int64_t count = 0;
    for (const auto& line : x.metrics) {
      if (line.at(name) == "")
        continue;
      ++count;
      auto value = x.ask(fmt::format(
        "SELECT value FROM metric WHERE name = '{}' AND node = {} AND epoch = "
        "{} AND step = {}",
        name, line.at("node"), line.at("epoch"), line.at("step")));
      CHECK(value.getDouble() == std::stod(line.at(name)));
    }
    CHECK(x.ask(fmt::format("SELECT count(*) FROM metric WHERE name = '{}' AND "
                            "epoch IS NOT NULL",
                            name))
            .getInt64()
          == count);
  }
  CHECK(x.ask("SELECT count(*) FROM event WHERE staleness < 0").getInt() == 0);
  for (const auto& [node, line] : x.last) {
    CHECK(x.ask(fmt::format("SELECT max(node_step) FROM event WHERE "
                            "destination = {}",
                            node))
            .getInt64()
          == whole(line.at("step")));
    // What is lost, or comes too late, is no event.
    auto came = x.ask(fmt::format("SELECT coalesce(sum(bytes), 0) FROM event "
                                  "WHERE source = {0} AND destination <> {0}",
                                  node));
    if (!copies)
      CHECK(came.getInt64() <= whole(line.at("bytes_sent")));
  }
  const auto& lost = x.summary["lost_nodes"];
  CHECK(x.ask("SELECT count(*) FROM event WHERE kind = 'crash'").getInt64()
        == static_cast<int64_t>(lost.size()));
  for (const auto& one : lost) {
    auto of = fmt::format(" FROM event WHERE kind = 'crash' AND destination = "
                          "{}",
                          one["node"].get<int64_t>());
    CHECK(x.ask("SELECT time" + of).getInt64()
          == std::llround(one["virtual_seconds"].get<double>() * 1e9));
    CHECK(x.ask("SELECT node_step" + of).getInt64() == one["step"]);
    CHECK(whole(x.last.at(one["node"]).at("step")) == one["step"]);
  }
}

void check_all(const workshop& shop, int64_t nodes, bool copies) {
  results x{shop};
  // 300 samples in batches of 20, the largest shard decides.
  auto shard = (300 + nodes - 1) / nodes;
  check_epochs(x, nodes, (shard + 19) / 20);
  check_summary(x, nodes);
  check_edges(x);
  check_protocol(x);
  check_rounds(x);
  check_recording(x, copies);
}

struct subject {
  const char* protocol;
  bool served;
  std::vector<std::string> more;
};

const std::vector<subject> subjects{
  {"dsgd", false, {}},
  {"gossip_sgd", false, {}},
  {"pdmm_sgd", false, {}},
  {"admm_sgd", false, {}},
  {"pdmm_isvr", false, {}},
  {"admm_isvr", false, {"protocol.piw=1"}},
  {"c_admm", false, {}},
  {"push_sum", false, {}},
  {"choco_sgd", false, {}},
  {"d_squared", false, {"topology.lazy=true"}},
  {"gradient_tracking", false, {}},
  {"sync_sgd", true, {"protocol.min_workers=1"}},
  {"async_sgd", true, {}},
  {"async_sgd", true, {"protocol.servers=2"}},
};

std::vector<std::string> with(const subject& x, int64_t nodes) {
  std::vector<std::string> result{
    fmt::format("--set=nodes.count={}", nodes),
    fmt::format("--set=protocol.name={}", x.protocol)};
  for (const auto& setting : x.more)
    result.push_back("--set=" + setting);
  if (!x.served)
    result.emplace_back("--set=evaluation.rounds=1");
  return result;
}

} // namespace

TEST_CASE("all outputs of a run agree", "[numbers]") {
  std::mt19937 random{20};
  auto draw = [&](int64_t below) {
    return static_cast<int64_t>(random() % static_cast<uint32_t>(below));
  };
  for (const auto& x : subjects)
    for (int i = 0; i < 3; ++i) {
      auto nodes = 3 + draw(3);
      auto settings = with(x, nodes);
      auto copies = draw(4) == 0;
      settings.push_back(fmt::format("--set=training.epochs={}", 2 + draw(3)));
      settings.push_back(fmt::format("--set=evaluation.every={}", 1 + draw(2)));
      settings.push_back(fmt::format("--seed={}", 1 + draw(1000)));
      settings.emplace_back(draw(2) == 0 ? "--set=link.drop=0"
                                         : "--set=link.drop=0.05");
      if (copies)
        settings.emplace_back("--set=link.duplicate=0.1");
      std::string faults;
      for (int64_t node = 0; node < nodes; ++node)
        if (draw(3) == 0)
          faults += fmt::format("{{node={}, at=\"{}ms\"}},", node, draw(200));
      settings.push_back("--set=fault=[" + faults + "]");
      workshop shop{tiny_scenario + restless_timing};
      auto got = shop.train(settings);
      INFO(fmt::format("{}", fmt::join(settings, " ")));
      INFO(got.err);
      REQUIRE((got.code == 0 || got.code == 4 || got.code == 5));
      check_all(shop, nodes, copies);
    }
}

TEST_CASE("all outputs of an interrupted run agree", "[numbers]") {
  for (const auto& x : subjects) {
    workshop shop{tiny_scenario + restless_timing};
    auto settings = with(x, 4);
    settings.emplace_back("--set=training.epochs=100000");
    settings.emplace_back("--set=fault=[{node=1, at=\"70ms\"}]");
    auto run = shop.start(settings);
    CHECK(wait_until([&] {
      return read_text(shop / "out/metrics.csv").find("\n0,3,")
             != std::string::npos;
    }));
    run->send_signal(SIGINT);
    auto got = run->wait();
    INFO(x.protocol);
    INFO(got.err);
    CHECK((got.code == 130 || got.code == 4));
    check_all(shop, 4, false);
  }
}
