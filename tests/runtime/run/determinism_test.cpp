// The same scenario and seed give the same bytes. The program itself is run,
// with everything in the scenario that draws random numbers.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

using caps::test::csv_without;
using caps::test::read_text;
using caps::test::workshop;

namespace {

const std::string restless = R"(name = "restless"
seed = 11
[nodes]
count = 5
[topology]
kind = "random_regular"
degree = 2
[data]
name = "synthetic"
train = 330
test = 60
height = 12
width = 12
validation = 30
crop_padding = 1
flip = true
[partition]
kind = "iid"
[model]
name = "mlp"
hidden = [12]
dropout = 0.25
[training]
epochs = 2
batch = 16
[optimizer]
name = "sgd"
lr = 0.05
momentum = 0.9
[compute]
step_time = "10ms"
step_time_std = "4ms"
delay = "3ms"
delay_std = "2ms"
[[node]]
id = 1
factor = 2.5
[link]
latency = "2ms"
[evaluation]
rounds = 3
chunk = 17
)";

/// Everything a run wrote that must not depend on the machine.
std::string fingerprint(const workshop& shop, const std::string& folder) {
  auto out = shop / folder;
  auto result = csv_without(out / "metrics.csv", "wall_time");
  for (auto name : {"edges.csv", "rounds.csv", "scenario.toml"})
    result += read_text(out / name);
  for (int node = 0; node < 5; ++node)
    result += read_text(out / (std::to_string(node) + ".safetensors"));
  return result;
}

std::string weights(const workshop& shop, const std::string& folder) {
  std::string result;
  for (int node = 0; node < 3; ++node) {
    auto text = read_text(shop / folder
                          / (std::to_string(node) + ".safetensors"));
    CHECK(text != "");
    result += text;
  }
  return result;
}

/// Trains scenario.toml of the folder into `out`.
void train_into(const workshop& shop, const std::string& out,
                const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"--scenario", "scenario.toml", "--out",
                                     out, "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto got = shop.caps(arguments);
  INFO(got.err);
  REQUIRE(got.code == 0);
}

} // namespace

TEST_CASE("runs of one scenario give the same bytes", "[determinism]") {
  workshop shop{restless};
  auto run = [&](const std::string& name,
                 const std::vector<std::string>& more) {
    train_into(shop, name, more);
    return fingerprint(shop, name);
  };
  auto one = run("one", {"--threads", "1"});
  CHECK(one.size() > 10'000);
  CHECK(run("again", {"--threads", "1"}) == one);
  CHECK(run("two", {"--threads", "2"}) == one);
  CHECK(run("five", {"--threads", "5"}) == one);
  CHECK(run("other", {"--seed", "12"}) != one);
}

TEST_CASE("clocks and processes do not change a synchronous run",
          "[determinism]") {
  workshop shop{caps::test::tiny_scenario
                + "[optimizer]\nlr = 0.05\nmomentum = 0.9\n"};
  auto run = [&](const std::string& name,
                 const std::vector<std::string>& more) {
    train_into(shop, name, more);
    return weights(shop, name);
  };
  auto expected = run("virtual", {});
  CHECK(run("real", {"--clock", "real"}) == expected);
  CHECK(run("three", {"--processes", "3"}) == expected);
  CHECK(run("two", {"--processes", "2"}) == expected);
  // Numbers of 16 bits travel as well.
  auto half = std::string{"protocol.compressor=half"};
  auto rounded = run("half", {"--set", half});
  CHECK(rounded != expected);
  CHECK(run("half_two", {"--set", half, "--processes", "2"}) == rounded);
}
