#include "tests/support/catch.hpp"

#include "runtime/components/components.hpp"
#include "runtime/run/settled_graph.hpp"
#include "runtime/scenario/reader.hpp"
#include "runtime/scenario/writer.hpp"
#include "tests/support/files.hpp"

#include <filesystem>

using namespace caps;

namespace {

loaded_scenario read(const std::string& text,
                     const std::vector<std::string>& settings = {}) {
  return parse_scenario(text, "test.toml", settings, built_in_components());
}

scenario content(const std::string& text,
                 const std::vector<std::string>& settings = {}) {
  return read(text, settings).content;
}

std::string as_toml(scenario x) {
  return to_toml(x);
}

void refuse(const std::string& text, const std::string& expected,
            const std::vector<std::string>& settings = {}) {
  CHECK_THROWS_AS(read(text, settings), input_error);
  CHECK_THROWS_WITH(read(text, settings), contains(expected));
}

} // namespace

TEST_CASE("an empty scenario has the documented defaults", "[scenario]") {
  auto x = content("");
  CHECK(x.name.empty()); // load_scenario takes the file's
  CHECK(x.seed == 1);
  CHECK(x.nodes == 3);
  CHECK(x.topology.name() == "ring");
  CHECK(x.protocol.name() == "dsgd");
  CHECK(x.model.name() == "lenet5");
  CHECK(x.data.name() == "fashion_mnist");
}

TEST_CASE("the resolved scenario reads as itself", "[scenario]") {
  for (const auto& text : {std::string{}, std::string{R"(
name = "a \"quoted\" name\twith \\ and é"
seed = 7
[topology]
kind = "edges"
edges = [0, 1, 1, 2]
[swaps]
kind = "round"
steps = 3
positions = [0, 1, 2]
timeout = "1.5s"
[model]
name = "mlp"
hidden = [3, 4]
dropout = 0.1
[optimizer]
lr = 1e-7
[schedule]
kind = "step"
[compute]
step_time = "2ms"
[[node]]
id = 1
factor = 2.5
[[node]]
id = 2
delay = "90ms"
[link]
latency = "60ms"
[[edge]]
from = 1
to = 2
drop = 0.25
)"}}) {
    auto once = as_toml(content(text));
    CHECK(as_toml(content(once)) == once);
  }
  auto x = content("[[node]]\nid = 1\nfactor = 2.5\n[link]\ndrop = 0.5\n"
                   "[[edge]]\nfrom = 0\nto = 1\nlatency = \"3ms\"\n");
  REQUIRE(x.node_overrides.size() == 1);
  CHECK(x.node_overrides[0].compute.factor == 2.5);
  REQUIRE(x.link_overrides.size() == 1);
  CHECK(x.link_overrides[0].link.latency == std::chrono::milliseconds{3});
}

TEST_CASE("settings of the command line win, the last of them most",
          "[scenario]") {
  auto text = "seed = 2\n[optimizer]\nlr = 0.5\n";
  auto x = content(text, {"optimizer.lr=0.25", "seed=9", "optimizer.lr=0.125"});
  CHECK(x.seed == 9);
  CHECK(read(text, {"seed=3"}).places.where("seed") == "--set seed=3");
  CHECK(read(text).places.where("seed") == "test.toml:1:8");
  CHECK(read(text).places.where("optimizer.momentum") == "test.toml:2:1");
  CHECK(to_toml(x).find("lr = 0.125") != std::string::npos);
  // A word needs no quotes, neither do lists.
  CHECK(content("", {"topology.kind=star"}).topology.name() == "star");
  CHECK(content("", {"topology.kind=edges", "topology.edges=[0, 1]"})
          .topology.name()
        == "edges");
}

TEST_CASE("a component of the command line drops options of another one",
          "[scenario]") {
  // dsgd has no option "mu": the file's is for the protocol it names.
  auto text = "[protocol]\nname = \"c_admm\"\nmu = 3\n";
  CHECK(content(text, {"protocol.name=dsgd"}).protocol.name() == "dsgd");
  refuse("[protocol]\nname = \"dsgd\"\nmu = 3\n",
         "test.toml:3:1: unknown key 'protocol.mu'");
}

TEST_CASE("a scenario goes over the files it includes", "[scenario]") {
  test::temporary_folder folder;
  auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    test::write_text(folder / name, text);
  };
  write("base.toml", "seed = 4\n[optimizer]\nlr = 0.5\nmomentum = 0.5\n"
                     "[protocol]\nname = \"c_admm\"\nmu = 3\n");
  write("sub/middle.toml", "include = \"../base.toml\"\n[optimizer]\nlr = 2\n");
  write("sub/top.toml", "include = \"middle.toml\"\nname = \"top\"\n"
                        "[protocol]\nname = \"dsgd\"\n");
  auto known = built_in_components();
  auto x = load_scenario(folder / "sub/top.toml", {}, known);
  CHECK(x.content.name == "top");
  CHECK(x.content.seed == 4);
  CHECK(x.content.protocol.name() == "dsgd");
  auto text = to_toml(x.content);
  CHECK_THAT(text, contains("lr = 2"));
  CHECK_THAT(text, contains("momentum = 0.5"));
  CHECK_THAT(x.places.where("optimizer.momentum"), contains("base.toml:4:"));
  write("loop.toml", "include = \"loop.toml\"\n");
  CHECK_THROWS_WITH(load_scenario(folder / "loop.toml", {}, known),
                    contains("include each other"));
  write("lost.toml", "seed = 1\ninclude = \"none.toml\"\n");
  CHECK_THROWS_WITH(load_scenario(folder / "lost.toml", {}, known),
                    contains("lost.toml:2:11: include: ")
                      && contains("none.toml"));
  write("number.toml", "include = 5\n");
  CHECK_THROWS_WITH(load_scenario(folder / "number.toml", {}, known),
                    contains("expected a string, found 5"));
}

TEST_CASE("wrong values of every type are placed", "[scenario]") {
  refuse("seed = 1.5\n", "test.toml:1:8: seed: expected an integer");
  refuse("[optimizer]\nlr = \"x\"\n", "test.toml:2:6: optimizer.lr: expected a "
                                      "number");
  refuse("[optimizer]\nlr = nan\n", "test.toml:2:6: optimizer.lr");
  refuse("[optimizer]\nlr = -1\n", "out of range");
  refuse("[data]\nflip = 1\n", "test.toml:2:8: data.flip: expected true or false");
  refuse("[link]\nlatency = 5\n", "test.toml:2:11: link.latency: expected");
  refuse("[link]\nlatency = \"5 parsecs\"\n", "test.toml:2:11: link.latency");
  refuse("[clock]\nkind = \"moon\"\n", "test.toml:2:8: clock.kind");
  refuse("[topology]\nkind = \"edges\"\nedges = [0, \"1\"]\n",
         "test.toml:3:13: topology.edges");
  refuse("[[node]]\nid = 0\nfactor = 0\n", "test.toml:3:10: ");
  refuse("node = 3\n", "test.toml:1:8: node: expected");
  refuse("seed = 1\nseed = 2\n", "test.toml:2:8: ");
  refuse("", "--set a.b=1: unknown key 'a'", {"a.b=1"});
  refuse("", "--set optimizer=1", {"optimizer=1"});
}

TEST_CASE("keys of very many parts are refused", "[scenario]") {
  std::string deep = "a";
  for (int i = 1; i < 40'000; ++i)
    deep += i % 2 ? ".\"a\"" : " . a";
  refuse("seed = 1\n" + deep + " = 1\n", "test.toml:2:1: expected a key of at "
                                         "most 16 parts");
  refuse("[" + deep + "]\n", "test.toml:1:2: expected a key");
  refuse("x = {" + deep + " = 1}\n", "test.toml:1:6: expected a key");
  refuse("", "...: expected a key of at most 16 parts", {deep + "=1"});
  // Dots elsewhere are none of a key.
  refuse("name = \"" + deep.substr(0, 1) + std::string(100, '.') + "\"\n"
           "# a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a\nx = 1.5\n",
         "test.toml:3:1: unknown key 'x'");
}

TEST_CASE("every shipped scenario is valid", "[scenario]") {
  auto known = built_in_components();
  int count = 0;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator{CAPS_SCENARIOS}) {
    auto name = file.path().filename().string();
    if (!name.ends_with(".toml") || name.ends_with(".base.toml")
        || name.ends_with(".study.toml"))
      continue;
    INFO(file.path().string());
    // Its protocol makes use of all that it says, too.
    CHECK_NOTHROW([&] {
      auto loaded = load_scenario(file.path(), {}, known);
      settle(loaded);
    }());
    ++count;
  }
  CHECK(count > 50);
}
