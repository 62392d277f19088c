#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/replay/commands/commands.hpp"
#include "runtime/replay/session.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "tests/runtime/replay/made_recording.hpp"

#include <fmt/format.h>

#include <cmath>

using namespace caps;
using namespace caps::test;
using json = nlohmann::ordered_json;

namespace {

/// A ring of 4 steps.
struct fixture {
  fixture() {
    make_ring(made, 4);
    made.execute("INSERT INTO note VALUES (1, 7, 0, 2, 'note', 'hello', 0)");
    made.commit();
    file.emplace(made.file());
    states.emplace(*file);
    walk.emplace(*file, *states);
  }

  json ask(const std::string& line) { return walk->execute(line).json; }
  std::string text(const std::string& line) { return walk->execute(line).text; }

  std::string refusal(const std::string& line) {
    try {
      walk->execute(line);
    } catch (const input_error& e) {
      return e.what();
    }
    return "not refused";
  }

  made_recording made;
  std::optional<recording_file> file;
  std::optional<snapshot_states> states;
  std::optional<session> walk;
};

} // namespace

TEST_CASE_METHOD(fixture, "commands move", "[session]") {
  CHECK(ask("step")["position"] == 1);
  CHECK(ask("step 2 step")["position"] == 5);
  CHECK(ask("back")["position"] == 4);
  CHECK(ask("goto 12ms")["position"] == 12);
  CHECK(ask("goto 12 ms")["position"] == 12);
  CHECK(ask("goto event 20")["position"] == 20);
  CHECK(ask("goto #21")["event"]["kind"] == "parameters");
  CHECK(ask("goto round 1")["position"] == 15);
  CHECK(ask("goto epoch 1")["position"] == 21);
  CHECK(ask("goto end")["position"] == 39);
  CHECK(ask("step")["note"] == "the recording ends here");
  auto found = ask("until-back kind = 'gradient_ready' and node = 1");
  CHECK(found["position"] == 32);
  CHECK(found["found"] == true);
  CHECK(ask("until step = 77")["found"] == false);
  CHECK(walk->place().position() == 32);
  CHECK_THAT(text("goto start"), contains("before event #1"));
}

TEST_CASE_METHOD(fixture, "a position is explained", "[session]") {
  CHECK(text("goto 7")
        == "#7 at 12ms: parameters of node 0 to node 1\n"
           "  sent at 10ms, step 1, version 1, 40 bytes, staleness 0, caused "
           "by #4, node 1 is at step 1\n");
  CHECK_THAT(text("where"), contains("7 of 39 events (17.9 %), 0 rounds and 0 "
                                     "epochs"));
  CHECK_THAT(text("where"), contains("node 2 notes: hello"));
  CHECK(text("goto 4")
        == "#4 at 10ms: gradient_ready at node 0\n"
           "  loss 1, norm 2, caused by #1, node 0 is at step 1 with new "
           "parameters\n");
}

TEST_CASE_METHOD(fixture, "marks lead back", "[session]") {
  ask("goto 9");
  ask("mark here");
  ask("goto end");
  CHECK(ask("goto here")["position"] == 9);
  CHECK(ask("marks")["marks"]
        == json::parse(R"([{"mark": "here", "event": 9, "time": "12ms"}])"));
  CHECK_THAT(text("where"), contains("marked 'here'"));
  CHECK_THAT(refusal("mark end"), contains("cannot name a mark"));
  CHECK_THAT(refusal("mark 3"), contains("cannot name a mark"));
}

TEST_CASE_METHOD(fixture, "nodes are listed where they are", "[session]") {
  ask("goto 5");
  auto nodes = ask("nodes")["nodes"];
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[1]["step"] == 1);
  CHECK(nodes[1]["last event"] == 5);
  CHECK(nodes[2]["step"] == 0);
  CHECK(nodes[2]["kind"] == "start");
  auto one = ask("show 1");
  CHECK(one["step"] == 1);
  CHECK(one["neighbours"] == json::parse("[0, 2]"));
}

TEST_CASE_METHOD(fixture, "an inbox holds what is on its way", "[session]") {
  ask("goto 4");
  // Node 0 has sent to node 1, and node 1 still computes.
  auto inbox = ask("show 1 inbox")["inbox"];
  REQUIRE(inbox.size() == 2);
  CHECK(inbox[0]["sequence"] == 5);
  CHECK(inbox[1]["sequence"] == 7);
  CHECK(inbox[1]["source"] == 0);
  ask("goto end");
  CHECK(ask("show 1 inbox")["inbox"].empty());
}

TEST_CASE_METHOD(fixture, "weights come from snapshots", "[session]") {
  ask("goto 10");
  auto early = ask("show 1 weights");
  CHECK(early["sequence"] == 2);
  CHECK(early["exact"] == false);
  CHECK(early["norm"] == 0);
  ask("goto end");
  auto late = ask("show 1 weights");
  CHECK(late["sequence"] == 39);
  CHECK(late["exact"] == true);
  CHECK(late["layers"][0]["name"] == "a");
  CHECK(late["layers"][1]["shape"] == "[1, 2]");
  CHECK(late["layers"][1]["mean"] == 2);
  CHECK(ask("show 1 weights a")["values"] == json::parse("[2.0, 2.0, 2.0]"));
  CHECK_THAT(refusal("show 1 weights c"), contains("known: a, b"));
  CHECK_THAT(refusal("show 1 grad"), contains("snapshots hold weights"));
  CHECK_THAT(refusal("show 1 grad"), contains("'exact on'"));
  CHECK_THAT(refusal("show 1 buffers"), contains("nothing is known"));
  ask("goto 1");
  CHECK_THAT(refusal("show 1 weights"), contains("nothing is known"));
}

namespace {

/// Knows every state: node i has i + the number of the event in layer "a", and
/// 1 in layer "b" from event 9 on.
class all_states final : public node_states {
public:
  std::optional<node_state> find(state_kind kind, int64_t node,
                                 int64_t position) override {
    node_state x;
    x.node = node;
    x.sequence = position;
    x.exact = true;
    x.parts = {{"a", {1}, {static_cast<double>(node + position)}},
               {"b", {1}, {position >= 9 ? 1.0 : 0.0}}};
    if (kind == state_kind::optimizer)
      x.parts = {{"momentum", {1}, {3}}};
    return x;
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "states are exact on demand", "[session]") {
  CHECK_THAT(refusal("exact on"), contains("cannot be run again"));
  walk->offer([] { return std::make_unique<all_states>(); });
  ask("goto 20");
  CHECK(ask("show 1 weights a")["sequence"] == 2);
  CHECK(ask("exact on")["exact"] == true);
  CHECK(ask("show 1 weights a")["values"] == json::parse("[21.0]"));
  CHECK(ask("show 1 weights")["exact"] == true);
  CHECK(ask("show 1 optimizer momentum")["values"] == json::parse("[3.0]"));
  CHECK(ask("diff 0 2")["distance"] == 2.0);
  CHECK_THAT(text("when 1 b"), contains("last written at event #9: 1 of 1"));
  ask("exact off");
  CHECK(ask("show 1 weights a")["sequence"] == 2);
  CHECK_THAT(refusal("exact maybe"), contains("'maybe' is too much"));
}

TEST_CASE_METHOD(fixture, "nodes are compared by layer", "[session]") {
  ask("goto end");
  auto d = ask("diff 0 2");
  CHECK(d["distance"].get<double>() == Approx(2 * std::sqrt(5.0)));
  CHECK(d["layers"][0]["differing"] == 3);
  CHECK(d["layers"][1]["max difference"] == 2);
  CHECK(ask("diff 1 1")["distance"] == 0);
}

TEST_CASE_METHOD(fixture, "options of a node are shown", "[session]") {
  CHECK_THAT(text("show 0 options"),
             contains("lr = 0.01") && !contains("factor"));
  CHECK(ask("show 1 options")["options"]["node"]["factor"] == 2.0);
}

TEST_CASE_METHOD(fixture, "messages are listed around a place", "[session]") {
  ask("goto 12");
  auto last = ask("messages last 2")["events"];
  REQUIRE(last.size() == 2);
  CHECK(last[0]["sequence"] == 11);
  CHECK(last[1]["sequence"] == 12);
  auto next = ask("messages next 3 kind = 'parameters' and node = 0")["events"];
  REQUIRE(next.size() == 3);
  CHECK(next[0]["sequence"] == 18);
  CHECK(ask("messages source = 2")["events"].size() == 3);
  CHECK(ask("messages")["events"].size() == 12);
}

TEST_CASE_METHOD(fixture, "causes lead to the start", "[session]") {
  auto why = ask("why 25");
  CHECK(why["length"] == 5);
  std::vector<int64_t> chain;
  for (const auto& x : why["chain"])
    chain.push_back(x["sequence"]);
  CHECK(chain == std::vector<int64_t>{1, 4, 13, 22, 25});
  CHECK_THAT(refusal("why"), contains("nothing has happened yet"));
  CHECK(ask("why 25 2")["chain"].size() == 2);
  CHECK_THAT(text("why 25 2"), contains("3 causes before these"));
  ask("goto 8");
  CHECK(ask("why")["event"] == 8);
}

TEST_CASE("causes that follow are damage", "[session]") {
  made_recording made;
  make_ring(made, 2);
  made.execute("UPDATE event SET cause = 9 WHERE sequence = 5");
  made.commit();
  recording_file file{made.file()};
  snapshot_states states{file};
  session walk{file, states};
  try {
    walk.execute("why 9");
    FAIL("was not refused");
  } catch (const error& e) {
    CHECK_THAT(e.what(), contains("event 5 has no cause before it"));
    CHECK(e.code() == exit_code::bad_data);
  }
}

TEST_CASE_METHOD(fixture, "the last write is found", "[session]") {
  ask("goto 21");
  CHECK(ask("when 2")["event"]["sequence"] == 15);
  CHECK_THAT(refusal("when 2 a"), contains("no write to a is known"));
  ask("goto end");
  auto layer = ask("when 2 b");
  CHECK(layer["after"] == 3);
  CHECK(layer["up_to"] == 39);
  ask("goto 3");
  CHECK_THAT(refusal("when 0"), contains("have not been written"));
}

TEST_CASE_METHOD(fixture, "expressions are printed", "[session]") {
  CHECK(ask("print count(*), avg(staleness) at kind = 'parameters'")["rows"]
        == json::parse(R"x([{"count(*)": 24, "avg(staleness)": 0.75}])x"));
  CHECK(ask("print count(*) at kind = 'parameters' by source")["rows"]
        == json::parse(R"x([{"source": 0, "count(*)": 8},
                           {"source": 1, "count(*)": 8},
                           {"source": 2, "count(*)": 8}])x"));
  CHECK(ask("print staleness at sequence = 16")["rows"]
        == json::parse(R"x([{"event": 16, "seconds": 0.022, "node": 1,
                            "staleness": 1}])x"));
  CHECK(ask("print test_loss at test_loss < 0.6")["count"] == 3);
  CHECK(ask("print kind")["count"] == 39);
  CHECK_THAT(text("print kind at step = 77"), contains("no event"));
  CHECK(ask("print count(*) as \"how many\", avg(staleness) AS mean at kind = "
            "'parameters'")["rows"]
        == json::parse(R"x([{"how many": 24, "mean": 0.75}])x"));
  CHECK(ask("print cast(step as text) as word at sequence = 16")["rows"][0]
          .contains("word"));
}

TEST_CASE_METHOD(fixture, "quantiles are printed", "[session]") {
  auto values = ask("print sequence")["count"].get<double>();
  auto rows = ask("print median(sequence) as m, percentile(sequence, 0) as low, "
                  "percentile(sequence, 100) as high, percentile(sequence, 25) "
                  "as quarter at 1")["rows"][0];
  CHECK(rows["low"] == 1);
  CHECK(rows["high"] == values);
  CHECK(rows["m"] == (1 + values) / 2);
  CHECK(rows["quarter"] == 1 + (values - 1) / 4);
  // Beyond the middle of two.
  CHECK(ask("print median(sequence) as m at sequence < 3")["rows"][0]["m"]
        == 1.5);
  CHECK(ask("print median(loss) by kind")["count"] > 1);
  CHECK_THAT(refusal("print percentile(loss, 101)"), contains("from 0 to 100"));
  CHECK_THAT(refusal("print percentile(sequence, step)"), contains("one p"));
  CHECK_THAT(refusal("print median(kind)"), contains("those of numbers"));
}

TEST_CASE_METHOD(fixture, "what comes out empty says why", "[session]") {
  CHECK_THAT(text("print avg(staleness) as s at step = 77"),
             contains("s: no event meets the condition"));
  CHECK_THAT(text("print median(test_loss), count(*) at sequence < 3"),
             contains("median(test_loss): none of the 2 events has a value; "
                      "that of a metric stands at the event at which it was "
                      "reported"));
  CHECK_THAT(text("print test_loss at sequence = 2"),
             contains("test_loss: the one event has no value"));
  CHECK_THAT(text("print count(*), avg(staleness)"), !contains(": n"));
}

TEST_CASE_METHOD(fixture, "metrics are plotted", "[session]") {
  auto plot = ask("plot test_loss");
  REQUIRE(plot["series"].size() == 3);
  CHECK(plot["series"][1]["points"]
        == json::parse("[[0.022, 1.0], [0.042, 0.5]]"));
  CHECK(ask("plot test_loss 0 2")["series"].size() == 2);
  CHECK(ask("plot test_loss 0,2 --x epoch")["series"][0]["points"][1]
        == json::parse("[2.0, 0.5]"));
  CHECK(ask("plot staleness")["series"][0]["points"].size() == 8);
  CHECK_THAT(text("plot test_loss"), contains("0 node 0, 1 node 1"));
  CHECK_THAT(refusal("plot tset_loss"), contains("did you mean 'test_loss'?"));
  CHECK_THAT(refusal("plot test_loss 7"), contains("there is no node 7"));
}

TEST_CASE_METHOD(fixture, "a refused command changes nothing", "[session]") {
  ask("goto 9");
  for (auto line : {"step 3 leaps",  "step 0",        "goto 4 5",
                    "goto nowhere",  "until",         "until kind = 'x",
                    "where now",     "goto 3 m",      "why 500",
                    "show",          "show 9",        "show 1 x",
                    "diff 1",        "print",         "plot",
                    "export",        "export all f",  "mark",
                    "goto round 99", "goto epoch 99", "quit now"}) {
    INFO(line);
    CHECK_THAT(refusal(line), contains("usage: "));
    CHECK(walk->place().position() == 9);
  }
  CHECK_THAT(refusal("untli-back 1"), contains("did you mean 'until-back'?"));
  CHECK_THAT(refusal("xyzzy"), contains("'help' lists all commands"));
}

TEST_CASE_METHOD(fixture, "every command is explained", "[session]") {
  auto all = text("help");
  for (const auto& x : replay_commands()) {
    CHECK_THAT(all, contains(std::string{x.name}));
    CHECK_THAT(text(fmt::format("help {}", x.name)),
               contains(std::string{x.usage}));
  }
  CHECK_THAT(text("help conditions"), contains("recording: test_loss"));
  CHECK_THAT(refusal("help stpe"), contains("did you mean 'step'?"));
  CHECK(walk->execute("quit").quit);
  CHECK(text("").empty());
  CHECK(text("# a remark").empty());
}

TEST_CASE_METHOD(fixture, "words are completed", "[session]") {
  using list = std::vector<std::string>;
  CHECK(walk->completions("un") == list{"until", "until-back"});
  CHECK(walk->completions("step 3 e") == list{"epoch", "event"});
  CHECK(walk->completions("until kind = 'x' and stal") == list{"staleness"});
  CHECK(walk->completions("plot te") == list{"test_loss"});
  CHECK(walk->completions("show 1 we") == list{"weights"});
  ask("mark middle");
  CHECK(walk->completions("goto mi") == list{"middle"});
  CHECK(walk->completions("where ").empty());
  CHECK(walk->completions("nothing x").empty());
}

TEST_CASE("a recording without events can be plotted", "[session]") {
  made_recording made;
  made.meta("level", "metrics");
  made.metric(0, 5, 1, 1, "test_loss", 2);
  made.commit();
  recording_file file{made.file()};
  snapshot_states states{file};
  session walk{file, states};
  CHECK(walk.execute("plot test_loss").json["series"].size() == 1);
  CHECK(walk.execute("where").json["position"] == 0);
  CHECK(walk.execute("nodes").json["nodes"].size() == 3);
  CHECK_THROWS_WITH(walk.execute("step"), contains("its level is 'metrics'"));
  CHECK_THROWS_WITH(walk.execute("goto end"), contains("holds no events"));
}

TEST_CASE("text of a file cannot reach the terminal's controls", "[session]") {
  made_recording made;
  make_ring(made, 2);
  made.execute("UPDATE event SET kind = char(27) || '[2J' || char(155) || 'é' "
               "WHERE sequence = 5");
  made.metric(5, 0, 0, 1, "\x1b[31m", 1);
  made.commit();
  recording_file file{made.file()};
  snapshot_states states{file};
  session walk{file, states};
  for (auto line : {"goto 5", "messages", "print kind at 1 by kind", "nodes"}) {
    auto text = walk.execute(line).text;
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\xc2\x9b") == std::string::npos);
  }
  CHECK_THAT(walk.execute("goto 5").text, contains("?[2J??é"));
  CHECK_THROWS_WITH(walk.execute("plot nothing"),
                    contains("known: ?[31m") && !contains("\x1b"));
}
