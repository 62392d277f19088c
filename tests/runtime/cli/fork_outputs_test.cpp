// What a fork leaves behind. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"
#include "tests/support/files.hpp"

#include <nlohmann/json.hpp>

using caps::test::csv_without;
using caps::test::read_text;
using caps::test::workshop;

namespace {

/// Events of the run in the shop.
int64_t events(const workshop& shop) {
  auto summary = nlohmann::json::parse(read_text(shop / "out/summary.json"));
  return summary.at("recording").at("events").get<int64_t>();
}

/// Checks that two runs have left the same, times of the machine aside.
void check_same(const workshop& shop, const std::string& one,
                const std::string& other) {
  CHECK(csv_without(shop / (one + "/metrics.csv"), "wall_time")
        == csv_without(shop / (other + "/metrics.csv"), "wall_time"));
  size_t compared = 0;
  for (const auto& x : std::filesystem::directory_iterator{shop / one}) {
    auto name = x.path().filename().string();
    auto ending = x.path().extension();
    if (name == "metrics.csv"
        || (ending != ".csv" && ending != ".safetensors" && ending != ".toml"))
      continue;
    INFO(name);
    CHECK(read_text(x.path()) == read_text(shop / (other + "/" + name)));
    ++compared;
  }
  CHECK(compared >= 4);
}

} // namespace

TEST_CASE("a fork that changes nothing leaves the files of its run",
          "[fork_outputs]") {
  auto [protocol, more]
    = GENERATE(std::pair{"protocol.name=choco_sgd", "evaluation.rounds=2"},
               std::pair{"protocol.name=async_sgd", "protocol.servers=2"},
               std::pair{"protocol.compressor=caps", "evaluation.rounds=3"});
  INFO(protocol);
  workshop shop;
  REQUIRE(shop
            .train({"--set", protocol, "--set", "training.epochs=4", "--set",
                    more, "--set", "link.latency=3ms"})
            .code
          == 0);
  auto at = std::to_string(events(shop) * 9 / 10);
  auto fork = [&](const std::string& out, std::vector<std::string> flags) {
    flags.insert(flags.begin(),
                {"fork", "out/run.caps", "--at", at, "--out", out});
    auto got = shop.caps(flags);
    INFO(got.err);
    REQUIRE(got.code == 0);
    return read_text(shop / (out + "/log.txt"));
  };
  using Catch::Matchers::Contains;
  auto goes_on = Contains("it goes on from the state of the run after event");
  CHECK_THAT(fork("late", {}), goes_on);
  CHECK_THAT(fork("early", {"--from-start"}), !goes_on);
  check_same(shop, "out", "late");
  check_same(shop, "out", "early");
  for (auto folder : {"late", "early"})
    CHECK(shop.caps({"verify", std::string{folder} + "/run.caps"}).code == 0);
}
