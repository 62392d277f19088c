// Keys that make no difference are refused or told.

#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/scenario/writer.hpp"
#include "tests/runtime/support/recorded_run.hpp"

using Catch::Contains;
using namespace caps;
using test::small_plan;

TEST_CASE("keys that a protocol ignores are refused", "[key_checks]") {
  auto load = [](const std::string& text, std::vector<std::string> settings) {
    return make_plan(parse_scenario("data.name = \"synthetic\"\n"
                                    "model.name = \"logistic\"\n"
                                      + text,
                                    "keys.toml", settings,
                                    built_in_components()));
  };
  const std::string c_admm = "protocol = {name = \"c_admm\", mu = 500}\n";
  for (auto key :
       {"optimizer.lr = 0.5", "optimizer.name = \"adam\"",
        "schedule.kind = \"cosine\"", "topology.lazy = true",
        "topology.mixing = \"uniform\"",
        "edge = [{from = 0, to = 1, weight = 0.25}]"}) {
    INFO(key);
    CHECK_THROWS_WITH(load(c_admm + key + "\n", {}),
                      Contains("keys.toml:4:")
                        && Contains("c_admm makes no use of it"));
    CHECK_NOTHROW(load(std::string{key} + "\n", {}));
  }
  CHECK_NOTHROW(load(c_admm + "optimizer.lr = 0.01\n", {}));
  // The pairs of a matching take the mean, whatever the weights are.
  const std::string lazy = "topology.lazy = true\n";
  CHECK_NOTHROW(load(lazy, {}));
  CHECK_THROWS_WITH(load(lazy + "swaps.kind = \"random_matching\"\n", {}),
                    Contains("topology.lazy: dsgd makes no use of it"));
  // Who chooses the protocol over a file leaves behind what it ignores.
  auto plan = load("optimizer.lr = 0.5\n",
                   {"protocol={name=\"c_admm\", mu=500}"});
  CHECK_THAT(to_toml(plan.content), Contains("\nlr = 0.01\n"));
}

TEST_CASE("keys that make no difference are told", "[key_checks]") {
  auto told = [](const std::vector<std::string>& settings) {
    auto warnings = small_plan(settings).warnings;
    return warnings.empty() ? std::string{"nothing"} : warnings.front();
  };
  CHECK(told({}) == "nothing");
  CHECK(told({"optimizer.dampening=0.5", "optimizer.momentum=0"})
        == "--set optimizer.dampening=0.5: optimizer.dampening: changes "
           "nothing: there is no momentum");
  CHECK(told({"optimizer.dampening=0.5", "optimizer.momentum=0.5"})
        == "nothing");
  CHECK_THAT(told({"schedule.warmup_multiplier=2"}), Contains("warmup is 0"));
  CHECK_THAT(told({"schedule.warmup_start=0.5"}), Contains("warmup is 0"));
  CHECK_THAT(told({"schedule.warmup=1"}), Contains("warmup"));
  CHECK(told({"schedule.warmup=2"}) == "nothing");
  CHECK_THAT(told({"schedule.unit=step"}), Contains("rate stays"));
  CHECK_THAT(told({"swaps.timeout=1s", "swaps.step=async_step"}),
             Contains("swaps.timeout: changes nothing: nobody waits"));
  CHECK_THAT(told({"data.train_length=100000"}), Contains("largest shard"));
  CHECK_THAT(told({"protocol.name=push_sum",
                   "topology={kind='exponential', one_way=true}",
                   "edge=[{from=0, to=1, both_ways=false}]"}),
             Contains("both_ways: changes nothing: the edges of this"));
  CHECK_THAT(told({"data.path=x"}), Contains("generated"));
  CHECK_THAT(told({"link.distribution=uniform"}), Contains("no jitter"));
  CHECK_THAT(told({"recording.snapshot_every=3", "recording.level=metrics"}),
             Contains("recording.snapshot_every"));
  CHECK_THAT(told({"compute.step_time=3ms", "clock.kind=real"}),
             Contains("compute.step_time"));
}

TEST_CASE("keys that contradict each other are refused", "[key_checks]") {
  CHECK_THROWS_WITH(small_plan({"link.reorder_delay=5ms"}),
                    Contains("link.reorder_delay: reorder is 0"));
  CHECK_NOTHROW(small_plan({"link.reorder_delay=5ms", "link.reorder=0.1",
                            "edge=[{from=0, to=1, reorder=0}]"}));
  CHECK_THROWS_WITH(small_plan({"optimizer.decay_weights_only=true"}),
                    Contains("decay_weights_only: weight_decay is 0"));
  CHECK_NOTHROW(small_plan({"optimizer.decay_weights_only=true",
                            "optimizer.weight_decay=0.1"}));
}

TEST_CASE("what a schedule leads to after the end is told", "[key_checks]") {
  // Four epochs of six steps.
  auto told = [](const std::vector<std::string>& settings) {
    auto warnings = small_plan(settings).warnings;
    return warnings.empty() ? std::string{"nothing"} : warnings.front();
  };
  CHECK(told({"schedule.kind=cosine", "schedule.length=4"}) == "nothing");
  CHECK_THAT(told({"schedule.kind=cosine", "schedule.length=5"}),
             Contains("schedule.length: never comes to its end: that takes 5 "
                      "epochs, the run has 4"));
  CHECK_THAT(told({"schedule.kind=cosine"}), Contains("takes 200 epochs"));
  CHECK(told({"schedule.kind=step", "schedule.every=23", "schedule.unit=step"})
        == "nothing");
  CHECK_THAT(told({"schedule.kind=step", "schedule.every=24",
                   "schedule.unit=step"}),
             Contains("schedule.every"));
  CHECK_THAT(told({"schedule.warmup=13", "schedule.unit=round",
                   "swaps.kind=round", "swaps.steps=2"}),
             Contains("schedule.warmup: ")
               && Contains("takes 13 rounds, the run has 12"));
  CHECK_THAT(told({"schedule.kind=cosine", "schedule.length=3",
                   "schedule.warmup=2"}),
             Contains("schedule.length: ") && Contains("takes 5 epochs"));
}
