#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/cluster/hosts_file.hpp"
#include "tests/support/files.hpp"

using namespace caps;
using namespace caps::test;

namespace {

hosts_file read(const std::string& text) {
  temporary_folder folder;
  return read_hosts_file(folder.write_text("hosts.toml", text));
}

std::vector<uint32_t> placed(const std::string& text, node_id nodes,
                             const std::set<node_id>& servers = {}) {
  return place_nodes(read(text).all(), nodes, servers).processes_of_nodes();
}

const std::string listen = "listen = \"10.0.0.1\"\n";

} // namespace

TEST_CASE("a hosts file says who takes part, and how", "[hosts_file]") {
  auto got = read(listen + R"(
identity = "id"
wait = "5s"
[[host]]
name = "b"
nodes = 2
threads = 3
[[host]]
name = "c"
nodes = [4, 0]
)");
  CHECK(got.listen.text() == "10.0.0.1:7470");
  CHECK(got.identity.filename() == "id");
  CHECK(got.wait == std::chrono::seconds{5});
  REQUIRE(got.hosts.size() == 2);
  CHECK(got.hosts[0].name == "b");
  CHECK(got.hosts[0].count == 2);
  CHECK(got.hosts[0].threads == 3);
  CHECK(got.hosts[1].nodes == std::vector<node_id>{4, 0});
  CHECK(got.head);
}

TEST_CASE("nodes are dealt out", "[hosts_file]") {
  using list = std::vector<uint32_t>;
  auto two = listen + "[[host]]\nname = \"b\"\n[[host]]\nname = \"c\"\n";
  CHECK(placed(two, 3) == list{0, 1, 2});
  CHECK(placed(two, 5) == list{0, 1, 2, 0, 1});
  CHECK(placed("nodes = 0\n" + two, 4) == list{0, 1, 0, 1});
  CHECK(placed(two + "nodes = [0, 3]\n", 5) == list{2, 0, 1, 2, 0});
  CHECK(placed(two + "nodes = 3\n", 5) == list{0, 1, 2, 2, 2});
}

TEST_CASE("GPUs are for nodes that train", "[hosts_file]") {
  using list = std::vector<uint32_t>;
  // The head and c have none: a node each, the rest is for b and d.
  auto some = listen + R"(
[[host]]
name = "b"
gpus = 1
[[host]]
name = "c"
[[host]]
name = "d"
gpus = 4
)";
  CHECK(placed(some, 8) == list{1, 3, 1, 3, 1, 3, 0, 2});
  CHECK(placed(some, 8, {0, 7}) == list{0, 1, 3, 1, 3, 1, 3, 2});
  // Who asks for nodes gets them.
  CHECK(placed("nodes = 4\n" + some, 8) == list{1, 3, 1, 2, 0, 0, 0, 0});
  CHECK(placed("gpus = 2\n" + some, 8) == list{0, 1, 3, 0, 1, 3, 0, 2});
  // Where all have some, or none, it makes no difference.
  auto all = "gpus = 1\n" + listen + "[[host]]\nname = \"b\"\ngpus = 1\n";
  CHECK(placed(all, 4) == list{0, 1, 0, 1});
  CHECK(placed(all, 4, {1}) == list{0, 1, 0, 1});
}

TEST_CASE("what is wrong in a hosts file is said with its place",
          "[hosts_file]") {
  auto check = [](const std::string& text, const std::string& what) {
    INFO(text);
    CHECK_THROWS_WITH(read(text), contains(what));
  };
  check("", "listen is missing");
  check(listen, "names no [[host]]");
  check("listen = 3", "hosts.toml:1:10: listen: expected a text");
  check("listen = \":\"", "expected HOST:PORT");
  check("listen = \"a:70000\"", "expected HOST:PORT");
  check(listen + "colour = 3\n[[host]]\nname = \"b\"",
        "hosts.toml:2:10: unknown key 'colour'");
  check(listen + "wait = \"long\"", "hosts.toml:2:8");
  check(listen + "[[host]]\nnodes = 1", "a [[host]] without a name");
  check(listen + "[[host]]\nname = \"a b\"", "expected the name of a host");
  check(listen + "[[host]]\nname = \"b\"\nnodes = -1",
        "hosts.toml:4:9: nodes: expected a number");
  check(listen + "[[host]]\nname = \"b\"\n[[host]]\nname = \"b\"",
        "a second host 'b'");
  check(listen + "[host]\nname = \"b\"", "expected [[host]] tables");
  check(listen + "[[host]]\nname = \"b\"\ngpus = -1",
        "hosts.toml:4:8: gpus: expected a number");
  auto one = listen + "[[host]]\nname = \"b\"\n";
  CHECK_THROWS_WITH(placed("nodes = 1\n" + one + "nodes = 1\n", 3),
                    contains("has room for 2 nodes, the scenario has 3"));
  CHECK_THROWS_WITH(placed(one + "nodes = [7]\n", 3),
                    contains("there is no node 7"));
  CHECK_THROWS_WITH(placed(one + "nodes = [1, 1]\n", 3),
                    contains("node 1 has a host already"));
  CHECK_THROWS_WITH(placed(one + "nodes = 3\n", 3),
                    contains("no node is left for the head"));
}
