// What the program says of input it cannot use, and with which exit code it
// ends. The program itself is run.

#include "tests/support/catch.hpp"

#include "actors/node/protocol.hpp"
#include "models/data/dataset.hpp"
#include "models/data/partition.hpp"
#include "models/nets/net.hpp"
#include "models/optim/optimizer.hpp"
#include "runtime/topology/graph.hpp"
#include "tests/models/data/support.hpp"
#include "tests/runtime/support/program.hpp"

#include <unistd.h>

using caps::test::workshop;

namespace {

/// The error message is one line, nothing else is printed, and nothing is left
/// behind.
void check_refused(const workshop& shop, const caps::test::process_result& got,
                   const std::string& expected, int code = 2) {
  CHECK(got.err == "error: " + expected + "\n");
  CHECK(got.out == "");
  CHECK(got.code == code);
  CHECK_FALSE(std::filesystem::exists(shop / "out"));
  CHECK_FALSE(std::filesystem::exists(shop / "runs"));
}

/// Trains what `text` says.
void check_scenario(const std::string& text, const std::string& expected,
                    int code = 2) {
  workshop shop{text};
  check_refused(shop, shop.train(), expected, code);
}

template <class Registry>
std::string names(const Registry& x) {
  return caps::join(x.names());
}

} // namespace

TEST_CASE("a scenario that cannot be read is refused", "[bad_input]") {
  workshop shop;
  check_refused(shop, shop.caps({"--scenario", "none.toml"}),
                "none.toml: cannot read the scenario: No such file or "
                "directory");
  check_refused(shop, shop.caps({"--scenario", "."}),
                ".: is a folder, expected a scenario file (TOML)");
  if (geteuid() != 0) { // root may read everything
    std::filesystem::permissions(shop / "scenario.toml",
                                 std::filesystem::perms::none);
    check_refused(shop, shop.train(),
                  "scenario.toml: cannot read the scenario: Permission denied");
  }
}

TEST_CASE("a name leads to no folder elsewhere", "[bad_input]") {
  workshop shop;
  for (std::string name : {"../elsewhere", "/tmp/elsewhere", "..", "a/b"})
    check_refused(shop,
                  shop.caps({"--scenario", "scenario.toml", "--set",
                             "name='" + name + "'"}),
                  "the name '" + name
                    + "' is that of no folder in runs (it may not be empty, "
                      "'.' or '..', nor hold a '/'); give another one");
}

TEST_CASE("wrong TOML is refused", "[bad_input]") {
  workshop shop{"name = \"x\"\n[nodes\ncount = 3\n"};
  auto got = shop.train();
  // The wording is the parser's.
  CHECK_THAT(got.err, starts_with("error: scenario.toml:2:7: "));
  CHECK(std::ranges::count(got.err, '\n') == 1);
  CHECK(got.code == 2);
}

TEST_CASE("unknown keys are refused, with the nearest known one",
          "[bad_input]") {
  check_scenario("[topology]\nknd = \"ring\"\n",
                 "scenario.toml:2:1: unknown key 'topology.knd'; did you mean "
                 "'kind'?");
  check_scenario("[topolgy]\nkind = \"ring\"\n",
                 "scenario.toml:1:2: unknown key 'topolgy'; did you mean "
                 "'topology'?");
  check_scenario("[nodes]\n  xyz = 1\n",
                 "scenario.toml:2:3: unknown key 'nodes.xyz'; known here: "
                 "count");
}

TEST_CASE("values of the wrong type are refused", "[bad_input]") {
  check_scenario("[nodes]\ncount = \"three\"\n",
                 "scenario.toml:2:9: nodes.count: expected an integer, found "
                 "\"three\" (string)");
  check_scenario("nodes = 3\n", "scenario.toml:1:9: nodes: expected a table "
                                "[nodes], found 3 (integer)");
}

TEST_CASE("values out of range are refused", "[bad_input]") {
  check_scenario("[nodes]\ncount = 0\n",
                 "scenario.toml:2:9: nodes.count: 0 (integer) is out of range, "
                 "expected at least 1 and at most 1000000");
}

TEST_CASE("unknown components are refused, with the known ones",
          "[bad_input]") {
  check_scenario("[protocol]\nname = \"dsgdd\"\n",
                 "scenario.toml:2:8: protocol.name: there is no 'dsgdd' (did "
                 "you mean 'dsgd'?); known: "
                   + names(caps::built_in_protocols()));
  check_scenario("[model]\nname = \"transformer\"\n",
                 "scenario.toml:2:8: model.name: there is no 'transformer'; "
                 "known: "
                   + names(caps::built_in_nets()));
  check_scenario("[data]\nname = \"imagenet\"\n",
                 "scenario.toml:2:8: data.name: there is no 'imagenet'; "
                 "known: "
                   + names(caps::built_in_datasets()));
  check_scenario("[topology]\nkind = \"moebius\"\n",
                 "scenario.toml:2:8: topology.kind: there is no 'moebius'; "
                 "known: "
                   + names(caps::built_in_topologies()));
}

TEST_CASE("an option the protocol does not have is refused", "[bad_input]") {
  check_scenario("[protocol]\nname = \"dsgd\"\nwarp = 9\n",
                 "scenario.toml:3:1: unknown key 'protocol.warp'; known here: "
                 "compressor, mix, name");
}

TEST_CASE("a graph that is not connected is refused", "[bad_input]") {
  check_scenario("[nodes]\ncount = 4\n[topology]\nkind = \"edges\"\n"
                 "edges = [0, 1, 2, 3]\n",
                 "scenario.toml:4:8: the graph is not connected: from node 0 "
                 "only nodes 0, 1 can be reached");
}

TEST_CASE("more shards than samples are refused", "[bad_input]") {
  check_scenario("[nodes]\ncount = 9\n[data]\nname = \"synthetic\"\n"
                 "train = 5\n[partition]\nkind = \"iid\"\n",
                 "scenario.toml:6:1: partition 'iid' cannot make 9 shards of 5 "
                 "samples");
  check_scenario("[nodes]\ncount = 9\n[data]\nname = \"synthetic\"\n"
                 "train = 5\n",
                 "scenario.toml:2:9: partition 'iid' cannot make 9 shards of 5 "
                 "samples");
}

TEST_CASE("a model that does not fit the data is refused", "[bad_input]") {
  check_scenario("[data]\nname = \"least_squares\"\n[model]\n"
                 "name = \"lenet5\"\n",
                 "scenario.toml:3:1: model 'lenet5' tells classes apart and "
                 "needs at least 2 of them; the data has 0");
  check_scenario("[data]\nname = \"synthetic\"\nheight = 8\nwidth = 8\n"
                 "[model]\nname = \"lenet5\"\n",
                 "scenario.toml:5:1: model 'lenet5' takes pictures [channels, "
                 "height, width] of at least 12 x 12 pixels; a sample of the "
                 "data is [1, 8, 8]");
}

TEST_CASE("missing data names the package to install", "[bad_input]") {
  check_scenario("[data]\nname = \"fashion_mnist\"\npath = \"nowhere\"\n",
                 "no Fashion-MNIST data: train-images-idx3-ubyte.gz not found "
                 "in nowhere/fashion_mnist, nowhere/fashion-mnist, "
                 "nowhere/FashionMNIST, nowhere; install it with: apt-get "
                 "install dataset-fashion-mnist",
                 3);
}

TEST_CASE("damaged data is refused", "[bad_input]") {
  using caps::test::gzip;
  using caps::test::idx;
  using caps::test::pattern;
  workshop shop{"[data]\nname = \"fashion_mnist\"\npath = \"data\"\n"
                "[model]\nname = \"mlp\"\n"};
  auto write = [&](const std::string& name, const caps::test::bytes& content) {
    std::filesystem::create_directories(shop / "data");
    caps::test::write_text(shop / "data" / name,
                           {content.begin(), content.end()});
  };
  constexpr uint32_t count = 60;
  auto pictures = gzip(idx({count, 28, 28}, pattern(count * 28 * 28)));
  auto labels = gzip(idx({count}, caps::test::bytes(count, 7)));
  for (auto name : {"train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"})
    write(name, pictures);
  for (auto name : {"train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz"})
    write(name, labels);
  auto file = std::string{"train-images-idx3-ubyte.gz"};
  SECTION("whole, it is not") {
    CHECK(shop.train().code == 0);
  }
  SECTION("cut off") {
    auto half = pictures;
    half.resize(half.size() / 2);
    write(file, half);
    check_refused(shop, shop.train(),
                  "'data/" + file
                    + "' is cut off: the compressed data breaks off at byte "
                    + std::to_string(half.size()) + " of the file",
                  3);
  }
  SECTION("corrupt") {
    auto bad = pictures;
    bad[bad.size() / 2] ^= 0x55;
    write(file, bad);
    auto got = shop.train();
    // Where a flipped byte shows is up to the compression.
    CHECK_THAT(got.err, starts_with("error: 'data/" + file + "' is damaged: "));
    CHECK(got.code == 3);
  }
  SECTION("labels of another number of pictures") {
    write("train-labels-idx1-ubyte.gz", gzip(idx({2}, {1, 2})));
    check_refused(shop, shop.train(),
                  "'data/train-labels-idx1-ubyte.gz' holds 2 labels, but there "
                  "are 60 pictures",
                  3);
  }
}

TEST_CASE("a folder with something in it is not written to", "[bad_input]") {
  workshop shop;
  std::filesystem::create_directories(shop / "full" / "of" / "things");
  check_refused(shop, shop.caps({"--scenario", "scenario.toml", "--out",
                                 "full"}),
                "--out full: the folder is not empty; give another one, or "
                "--force to replace the results in it and leave all else");
  check_refused(shop, shop.caps({"--scenario", "scenario.toml", "--out",
                                 "scenario.toml"}),
                "--out scenario.toml: is a file, expected a folder");
  auto forced = shop.caps({"--scenario", "scenario.toml", "--out", "full",
                           "--force"});
  CHECK(forced.code == 0);
  CHECK(std::filesystem::exists(shop / "full" / "metrics.csv"));
  CHECK(std::filesystem::exists(shop / "full" / "of" / "things"));
}

TEST_CASE("a folder that cannot be made is an error of the machine",
          "[bad_input]") {
  workshop shop;
  auto got = shop.caps({"--scenario", "scenario.toml", "--out", "/proc/x/y"});
  CHECK(got.err
        == "error: cannot make the folder /proc/x/y: No such file or "
           "directory\n");
  CHECK(got.code == 1);
}

TEST_CASE("settings of the command line are named when they are wrong",
          "[bad_input]") {
  workshop shop;
  check_refused(shop, shop.train({"--set", "optimizer.lr"}),
                "--set optimizer.lr: expected key=value, such as --set "
                "optimizer.lr=0.1");
  check_refused(shop, shop.train({"--set", "optimizer.lt=1"}),
                "--set optimizer.lt=1: unknown key 'optimizer.lt'; did you "
                "mean 'lr'?");
  check_refused(shop, shop.train({"--set", "optimizer.lr=fast"}),
                "--set optimizer.lr=fast: optimizer.lr: expected a number, "
                "found \"fast\" (string)");
  check_refused(shop, shop.train({"--seed", "-1"}),
                "--set seed=-1: seed: -1 (integer) is out of range, expected "
                "at least 0");
}

TEST_CASE("a wrong command line is refused", "[bad_input]") {
  workshop shop;
  auto hint = std::string{"; see caps_runtime --help"};
  check_refused(shop, shop.caps({}), "--scenario is required" + hint);
  check_refused(shop, shop.train({"--bogus"}),
                "The following argument was not expected: --bogus" + hint);
  check_refused(shop, shop.train({"--clock", "sundial"}),
                "--clock: sundial not in {virtual,real}" + hint);
  check_refused(shop, shop.train({"--threads", "0"}),
                "--threads: Value 0 not in range 1 to 1024" + hint);
  check_refused(shop, shop.train({"--processes", "4"}),
                "--processes 4: the scenario has only 3 nodes");
  check_refused(shop, shop.train({"--processes", "2", "--clock", "virtual"}),
                "--processes: the virtual clock lives in one process; leave "
                "out --clock virtual or --processes");
}
