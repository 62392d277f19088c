// Walking through what the program itself has recorded.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

using caps::test::workshop;
using json = nlohmann::json;

namespace {

/// The answers to these commands on the recording of the shop.
std::vector<json> answers(const workshop& shop,
                          const std::vector<std::string>& commands) {
  std::vector<std::string> arguments{"replay", "out/run.caps", "--json"};
  for (const auto& command : commands) {
    arguments.emplace_back("--command");
    arguments.push_back(command);
  }
  auto got = shop.caps(arguments);
  INFO(got.err);
  REQUIRE(got.code == 0);
  std::vector<json> result;
  std::istringstream lines{got.out};
  for (std::string line; std::getline(lines, line);)
    result.push_back(json::parse(line));
  REQUIRE(result.size() == commands.size());
  return result;
}

} // namespace

TEST_CASE("a run can be walked through", "[replay]") {
  workshop shop;
  REQUIRE(shop.train().code == 0);
  auto got = answers(shop, {"goto round 3", "nodes", "until test_loss > 0",
                            "goto end", "where", "why"});
  for (const auto& node : got[1]["nodes"])
    CHECK(node["step"] >= 3);
  CHECK(got[2]["found"] == true);
  CHECK(got[4]["position"] == got[4]["events"]);
  CHECK(got[4]["rounds"] == 10);
  CHECK(got[4]["epochs"] == 2);
  CHECK(got[5]["length"] > 10);
}

TEST_CASE("running a run again leads to its snapshots", "[replay]") {
  workshop shop;
  REQUIRE(shop.train().code == 0);
  auto got = answers(shop, {"goto end", "show 1 weights", "exact on",
                            "show 1 weights", "goto step 4", "show 1 weights",
                            "exact off", "show 1 weights"});
  CHECK(got[1]["exact"] == true);
  CHECK(got[1]["layers"] == got[3]["layers"]);
  CHECK(got[5]["exact"] == true);
  CHECK(got[5]["step"] == 4);
  CHECK(got[7]["exact"] == false);
  CHECK(got[5]["layers"] != got[7]["layers"]);
}

TEST_CASE("a recording of metrics is no run to walk through", "[replay]") {
  workshop shop;
  REQUIRE(shop.train({"--record", "metrics"}).code == 0);
  CHECK(answers(shop, {"plot test_loss"})[0]["series"].size() == 3);
  auto got = shop.caps({"replay", "out/run.caps", "--command", "step"});
  CHECK(got.code == 2);
  CHECK_THAT(got.err, contains("holds no events (its level is 'metrics')"));
  got = shop.caps({"replay", "out/run.caps", "--command", "exact on"});
  CHECK(got.code == 2);
}

TEST_CASE("a walk that goes wrong says so", "[replay]") {
  workshop shop;
  auto got = shop.caps({"replay", "none.caps", "--command", "where"});
  CHECK(got.code == 3);
  CHECK(got.err == "error: none.caps: there is no such file\n");
  got = shop.caps({"replay", "scenario.toml", "--command", "where"});
  CHECK(got.code == 3);
  CHECK_THAT(got.err, contains("scenario.toml: not a recording"));
  REQUIRE(shop.train().code == 0);
  got = shop.caps({"replay", "out/run.caps", "--command", "goto 3", "--command",
                   "stpe", "--command", "goto 4"});
  CHECK(got.code == 2);
  CHECK_THAT(got.out, contains("#3 at") && !contains("#4 at"));
  CHECK(got.err == "error: unknown command 'stpe' (did you mean 'step'?)\n");
}

TEST_CASE("an export replaces a file only if it is told to", "[replay]") {
  workshop shop;
  REQUIRE(shop.train().code == 0);
  auto run = [&](const std::string& command) {
    return shop.caps({"replay", "out/run.caps", "--command", command});
  };
  for (std::string what : {"metrics", "events", "trace"}) {
    auto file = what + ".out";
    caps::test::write_text(shop / file, "precious");
    auto got = run("export " + what + " " + file);
    CHECK(got.code == 2);
    CHECK_THAT(got.err, contains(file + ": is there already; 'export " + what
                                 + " --force FILE' overwrites it"));
    CHECK(caps::test::read_text(shop / file) == "precious");
    CHECK(run("export " + what + " --force " + file).code == 0);
    CHECK(caps::test::read_text(shop / file) != "precious");
  }
}
