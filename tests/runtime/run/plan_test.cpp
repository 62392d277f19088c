// What a plan makes of the settings of a scenario.

#include "tests/support/catch.hpp"

#include "models/device.hpp"
#include "models/errors.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <ATen/Context.h>

using Catch::Contains;
using namespace caps;
using test::small_plan;

TEST_CASE("edges may have weights of their own", "[plan]") {
  auto plan = small_plan({"edge=[{from=0, to=1, weight=0.5}, "
                          "{from=2, to=0, both_ways=false, weight=0.125}]"});
  // Metropolis and Hastings give each edge of a ring of three a third.
  const auto& first = plan.nodes[0];
  CHECK(first.in_neighbours[0].weight == 0.5);
  CHECK(first.in_neighbours[1].weight == 0.125);
  CHECK(first.self_weight == 0.375);
  const auto& second = plan.nodes[1];
  CHECK(second.in_neighbours[0].weight == 0.5);
  CHECK(second.self_weight == Approx(1.0 / 6));
  CHECK(plan.nodes[2].self_weight == Approx(1.0 / 3));
  CHECK_THAT(plan.mixing_facts.not_doubly_stochastic, Contains("column"));
}

TEST_CASE("the weights of edges are what averages use", "[plan]") {
  // Whoever takes nothing of anybody trains alone.
  auto run = [](const std::vector<std::string>& settings) {
    test::temporary_folder folder;
    return test::record(folder / "run.caps", settings, 1).weights;
  };
  const std::string cut = "edge=[{from=0, to=1, weight=0}, "
                          "{from=1, to=2, weight=0}, {from=2, to=0, weight=0}]";
  auto cut_off = run({cut});
  // What is lost then makes no difference.
  CHECK(cut_off == run({cut, "swaps.step=async_step", "link.drop=0.5"}));
  CHECK(cut_off != run({}));
}

TEST_CASE("weights that cannot be are refused", "[plan]") {
  auto refusal = [](const std::vector<std::string>& settings) {
    try {
      small_plan(settings);
    } catch (const input_error& e) {
      return std::string{e.what()};
    }
    return std::string{"none"};
  };
  CHECK_THAT(refusal({"edge=[{from=0, to=1, weight=0.9}]"}),
             Contains("node 0") && Contains("more than 1"));
  CHECK_THAT(refusal({"nodes.count=4", "topology.kind=\"ring\"",
                      "edge=[{from=0, to=2, weight=0.1}]"}),
             Contains("edge") && Contains("node 0 does not send to node 2"));
  CHECK_THAT(refusal({"edge=[{from=0, to=7, weight=0.1}]"}),
             Contains("nodes are 0 to 2"));
  CHECK_THAT(refusal({"edge=[{from=0, to=1, weight=1.5}]"}), Contains("1.5"));
  CHECK_THAT(refusal({"protocol.name=sync_sgd",
                      "edge=[{from=0, to=3, weight=0.5}]"}),
             Contains("edge[0].weight: sync_sgd makes no use of it"));
}

TEST_CASE("a node or an edge has one table of its own", "[plan]") {
  CHECK_THROWS_WITH(small_plan({"node=[{id=1, factor=2}, {id=1, factor=3}]"}),
                    Contains("a second [[node]] of node 1; the first is at"));
  CHECK_THROWS_WITH(small_plan({"edge=[{from=0, to=1, drop=0.1}, "
                                "{from=1, to=0, drop=0.2}]"}),
                    Contains("a second [[edge]] of the edge from node 1 to "
                             "node 0; the first is at"));
  CHECK_NOTHROW(small_plan({"edge=[{from=0, to=1, both_ways=false}, "
                            "{from=1, to=0, both_ways=false}]"}));
  CHECK_THROWS_WITH(small_plan({"topology={kind=\"edges\", "
                                "edges=[0, 1, 1, 2, 1, 0]}"}),
                    Contains("edge 1 - 0 is given twice"));
}

TEST_CASE("devices are found or refused", "[plan]") {
  CHECK(find_device("cpu").is_cpu());
  CHECK(find_device("auto").is_cpu() == !at::hasCUDA());
  CHECK(small_plan({"model.device=auto"}).environment->options.device()
        == find_device("auto"));
  for (auto name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda0", ""})
    CHECK_THROWS_WITH(find_device(name), Contains("expected auto"));
  CHECK_THROWS_WITH(find_device("cuda:1000"), Contains("no GPU 1000"));
  CHECK_THROWS_WITH(small_plan({"model.device=cuda:1000"}),
                    Contains("model.device") && Contains("no GPU 1000"));
}
