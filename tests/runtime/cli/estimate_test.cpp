// What check says of memory and disk, beside what the run then takes, and what
// is refused before it starts. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

using caps::test::read_text;
using caps::test::workshop;

TEST_CASE("check comes close to what a run takes", "[estimate]") {
  workshop shop;
  auto more = GENERATE(
    as<std::vector<std::string>>{},
    std::vector<std::string>{"--set", "training.epochs=40"},
    std::vector<std::string>{"--set", "nodes.count=40", "--set",
                             "model.hidden=[2000]"},
    std::vector<std::string>{"--record", "payloads", "--set",
                             "model.hidden=[500]"},
    std::vector<std::string>{"--record", "metrics"});
  auto arguments = more;
  arguments.insert(arguments.begin(), {"check", "scenario.toml", "--json"});
  auto got = shop.caps(arguments);
  REQUIRE(got.code == 0);
  auto expected = nlohmann::json::parse(got.out)["estimate"];
  REQUIRE(shop.train(more).code == 0);
  auto summary
    = nlohmann::json::parse(read_text(shop / "out" / "summary.json"));
  CAPTURE(more);
  auto close = [](double a, double b, double factor) {
    CHECK(a < factor * b);
    CHECK(b < factor * a);
  };
  close(expected["memory_bytes"], summary["peak_memory_bytes"], 2);
  auto file = static_cast<double>(
    std::filesystem::file_size(shop / "out" / "run.caps"));
  // An empty file of tables is 60 kB already.
  close(1e5 + expected["recording_bytes"].get<double>(), 1e5 + file, 2);
  CHECK(expected["wall_seconds"] > 0);
}

TEST_CASE("check says what a run would take", "[estimate]") {
  workshop shop;
  auto got = shop.caps({"check", "scenario.toml", "--threads", "2"});
  CHECK(got.code == 0);
  CHECK_THAT(got.out, contains("\n# estimate: "));
  CHECK_THAT(got.out, contains(" on 2 threads\n"));
}

TEST_CASE("what cannot fit into memory is refused at once", "[estimate]") {
  workshop shop;
  std::vector<std::string> more{"--set", "nodes.count=1000000", "--set",
                                "model.hidden=[100000]"};
  auto got = shop.train(more);
  CHECK(got.code == 2);
  CHECK_THAT(got.err, contains("nodes.count: 1000000 nodes with 4700010 "
                               "parameters take 37600.1 GB at least"));
  CHECK_FALSE(std::filesystem::exists(shop / "out"));
  more.insert(more.begin(), {"check", "scenario.toml"});
  CHECK(shop.caps(more).err == got.err);
}
