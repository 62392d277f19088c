// What the scenario lets go wrong, and what becomes of the others. The program
// itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

using caps::test::csv_without;
using caps::test::read_csv;
using caps::test::read_text;
using caps::test::tiny_scenario;
using caps::test::workshop;

namespace {

const std::string timing = "[compute]\nstep_time = \"10ms\"\n";

const std::string crash_of_1
  = timing + "[[fault]]\nnode = 1\nkind = \"crash\"\nat = \"55ms\"\n";

} // namespace

TEST_CASE("peers go on without one that crashes", "[fault]") {
  workshop shop{tiny_scenario + crash_of_1};
  auto got = shop.train();
  CHECK(got.err == "");
  REQUIRE(got.code == 0);
  CHECK_THAT(read_text(shop / "out/log.txt"),
             Catch::Contains("node 1 crashes at 55ms after 5 steps, as "
                             "[[fault]] says (step 5, 0.055 s)"));
  // Of it, one epoch is known and no last parameters; of the others, all.
  CHECK(std::filesystem::exists(shop / "out/0.safetensors"));
  CHECK_FALSE(std::filesystem::exists(shop / "out/1.safetensors"));
  auto metrics = read_csv(shop / "out/metrics.csv");
  std::string lines;
  for (const auto& row : metrics.rows)
    lines += row.at("node") + ":" + row.at("epoch") + " ";
  CHECK(lines == "0:1 1:1 2:1 0:2 1:2 2:2 ");
  CHECK(metrics.rows[4].at("step") == "5");
  CHECK(metrics.rows[4].at("test_acc") == "");
  // They waited for it as often as the scenario says, and no more.
  CHECK_THAT(read_text(shop / "out/log.txt"),
             Catch::Contains("node 0 waits for node 1 no more"));
}

TEST_CASE("a crash is the same in every run", "[fault]") {
  workshop shop{tiny_scenario + crash_of_1};
  REQUIRE(shop.train().code == 0);
  auto first = csv_without(shop / "out/metrics.csv", "wall_time")
               + read_text(shop / "out/0.safetensors");
  REQUIRE(shop.train({"--force", "--threads", "2"}).code == 0);
  CHECK(first
        == csv_without(shop / "out/metrics.csv", "wall_time")
             + read_text(shop / "out/0.safetensors"));
}

TEST_CASE("epochs are reported when those who live have finished them",
          "[fault]") {
  workshop shop{tiny_scenario + crash_of_1};
  REQUIRE(shop.train({"--set", "training.epochs=4"}).code == 0);
  // Each at an event of its own, and none before its end.
  auto at = [&](const std::string& command) {
    auto got = shop.caps({"replay", "out/run.caps", "--json", "--command",
                          command});
    REQUIRE(got.code == 0);
    return nlohmann::json::parse(got.out);
  };
  auto end = at("goto end")["position"].get<int64_t>();
  int64_t before = 0;
  for (auto epoch : {"1", "2", "3", "4"}) {
    auto place = at(std::string{"goto epoch "} + epoch)["position"];
    auto now = place.get<int64_t>();
    CHECK(now > before);
    CHECK((now == end) == (std::string{epoch} == "4"));
    before = now;
  }
  // The crash is an event, at its time.
  auto crash = at("until kind = 'crash'")["event"];
  CHECK(crash["destination"] == 1);
  CHECK(crash["time"] == 55'000'000);
  CHECK(crash["node_step"] == 5);
  CHECK(at("when 1 died")["event"] == crash);
  CHECK(at("when 0 died")["event"].is_null());
  CHECK(at("when 0 died")["time"].is_null());
  // Those who live finish rounds without it.
  CHECK(at("goto round 20")["position"] == end);
}

TEST_CASE("deaths are known where no events are recorded", "[fault]") {
  workshop shop{tiny_scenario + crash_of_1};
  REQUIRE(shop.train({"--record", "metrics"}).code == 0);
  auto got = shop.caps({"replay", "out/run.caps", "--command", "when 1 died",
                        "--command", "when 0 died"});
  CHECK(got.out
        == "at 55ms: node 1 crashes at 55ms after 5 steps, as [[fault]] "
           "says\nno death of node 0 is recorded\n");
}

TEST_CASE("a run that no node survives has failed", "[fault]") {
  workshop shop{tiny_scenario + crash_of_1
                + "[[fault]]\nnode = 0\nat = \"15ms\"\n"
                  "[[fault]]\nnode = 2\nat = \"25ms\"\n"};
  auto got = shop.train();
  CHECK(got.err == "error: no node is left: all have crashed\n");
  CHECK(got.code == 5);
}

TEST_CASE("workers notice that their server has crashed", "[fault]") {
  workshop shop{tiny_scenario + timing
                + "[protocol]\nname = \"async_sgd\"\n"
                  "[[fault]]\nnode = 3\nat = \"55ms\"\n"};
  auto got = shop.train();
  CHECK_THAT(got.err,
             Catch::Contains("worker 0 has waited 50.000 s for the parameters "
                             "of server 3"));
  CHECK(got.code == 5);
  // The replay knows of a death that no [[fault]] asked for.
  auto death = shop.caps({"replay", "out/run.caps", "--command",
                          "when 0 died"});
  CHECK_THAT(death.out, Catch::Contains("timer at node 0, after 5 steps\n  "
                                        "worker 0 has waited 50.000 s"));
}

TEST_CASE("a fault of nobody is refused", "[fault]") {
  workshop shop{tiny_scenario + "[[fault]]\nnode = 3\nat = \"1s\"\n"};
  auto got = shop.train();
  CHECK(got.err
        == "error: scenario.toml:17:8: fault.node: there is no node 3, nodes "
           "are 0 to 2\n");
  CHECK(got.code == 2);
}
