// Runs on four hosts, each in a network namespace that the test has made, with
// an address, a cable and a bridge between them.

#include "tests/support/catch.hpp"

#include "tests/cluster/support/hosts.hpp"
#include "tests/cluster/support/network.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <thread>

#include <unistd.h>

using namespace caps::test;
using namespace std::chrono_literals;

namespace {

const std::string four_nodes = R"(name = "four"
[nodes]
count = 4
[topology]
kind = "ring"
[data]
name = "synthetic"
train = 400
test = 100
height = 6
width = 6
[model]
name = "mlp"
hidden = [8]
[training]
epochs = 3
batch = 10
)";

/// Four hosts on a network: the head on the first.
struct four_hosts {
  explicit four_hosts(const std::string& scenario = four_nodes)
    : cluster(network::address(0), net.on(0), scenario) {
    cluster.add("b", net.on(1));
    cluster.add("c", net.on(2));
    cluster.add("d", net.on(3));
  }

  network net{4};
  host_cluster cluster;
};

/// Says why and returns true where no network can be made.
bool skipped() {
  if (network::allowed())
    return false;
  WARN("skipped: this needs network namespaces, bridges and tbf (ip and tc, "
       "as root)");
  return true;
}

nlohmann::json result_of(const std::filesystem::path& out) {
  return nlohmann::json::parse(read_text(out / "summary.json"));
}

double accuracy_of(const nlohmann::json& summary) {
  return summary["mean_test_acc"].get<double>();
}

} // namespace

TEST_CASE("four hosts reach what one process does", "[network]") {
  if (skipped())
    return;
  auto protocol = GENERATE("dsgd", "pdmm_isvr", "async_sgd");
  INFO(protocol);
  std::vector<std::string> more{"--set",
                                std::string{"protocol.name="} + protocol};
  if (protocol == std::string{"async_sgd"})
    more.insert(more.end(), {"--set", "nodes.count=3"});
  four_hosts hosts;
  auto got = hosts.cluster.train(more);
  INFO(got.err);
  REQUIRE(got.code == 0);
  workshop shop{four_nodes};
  auto alone = more;
  alone.insert(alone.end(), {"--clock", "virtual"});
  REQUIRE(shop.train(alone).code == 0);
  if (protocol == std::string{"async_sgd"}) {
    CHECK(accuracy_of(result_of(hosts.cluster / "out"))
          == Approx(accuracy_of(result_of(shop / "out"))).margin(0.1));
    return;
  }
  for (auto node : {"0", "1", "2", "3"}) {
    auto file = std::string{node} + ".safetensors";
    INFO(file);
    CHECK(read_text(hosts.cluster / "out" / file)
          == read_text(shop / "out" / file));
  }
}

TEST_CASE("a cable that is cut for five seconds does not end a run",
          "[network]") {
  if (skipped())
    return;
  four_hosts hosts;
  // Eight seconds at least, on any machine.
  const std::vector<std::string> slowly{"--set", "training.epochs=40", "--set",
                                        "compute.delay=20ms"};
  auto run = hosts.cluster.start(slowly);
  auto out = hosts.cluster / "out";
  REQUIRE(wait_until([&] {
    return read_text(out / "log.txt").find("epoch 2") != std::string::npos;
  }));
  hosts.net.cut(2);
  std::this_thread::sleep_for(5s);
  CHECK(run->running());
  hosts.net.mend(2);
  auto got = run->wait(120s);
  INFO(got.err);
  CHECK(got.code == 0);
  workshop shop{four_nodes};
  REQUIRE(shop.train(slowly).code == 0);
  CHECK(read_text(out / "2.safetensors")
        == read_text(shop / "out" / "2.safetensors"));
}

TEST_CASE("hosts are started over ssh", "[network]") {
  constexpr auto server = "/usr/sbin/sshd";
  if (skipped())
    return;
  if (::access(server, X_OK) != 0) {
    WARN("skipped: there is no sshd (Debian: openssh-server)");
    return;
  }
  network net{2};
  host_cluster cluster{network::address(0), net.on(0), four_nodes};
  auto file
    = [&](const std::string& name) { return (cluster / name).string(); };
  for (auto name : {"host_key", "user_key"})
    REQUIRE(run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                 file(name)})
              .code
            == 0);
  write_text(cluster / "sshd_config",
             "ListenAddress " + network::address(1) + ":2222\nHostKey "
               + file("host_key") + "\nAuthorizedKeysFile "
               + file("user_key.pub") + "\nStrictModes no\nUsePAM no\nPidFile "
               + file("sshd.pid") + "\n");
  std::filesystem::create_directories("/run/sshd");
  auto command = net.on(1);
  command.insert(command.end(), {server, "-D", "-f", file("sshd_config")});
  process sshd{command};
  write_text(cluster / "hosts.toml",
             "listen = \"" + network::address(0) + ":7470\"\nlaunch = "
               "\"ssh\"\n[ssh]\ncommand = [\"ssh\", \"-p\", \"2222\", "
               "\"-i\", \"" + file("user_key") + "\", \"-o\", "
               "\"StrictHostKeyChecking=no\", \"-o\", "
               "\"UserKnownHostsFile=/dev/null\", \"-o\", "
               "\"LogLevel=ERROR\"]\nprogram = \"" + program_path()
               + "\"\nidentity = \"" + file("there") + "\"\n"
               "[[host]]\nname = \"b\"\naddress = \"" + network::address(1)
               + "\"\nthreads = 1\n");
  REQUIRE(wait_until([&] { return exists(cluster / "sshd.pid"); }));
  // The second time the host has its identity.
  for (int i = 0; i < 2; ++i) {
    auto got = cluster.train();
    INFO(got.err);
    CHECK(got.code == 0);
    CHECK_THAT(got.err, contains("host b: takes part in 'four'"));
  }
  sshd.send_signal(SIGTERM);
  sshd.wait();
  auto got = cluster.train();
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("host b did not come: the command that starts "
                               "it has ended"));
}

TEST_CASE("a slow network is used as far as it goes", "[network]") {
  if (skipped())
    return;
  // 0.8 MB to each neighbour a step, and next to nothing to compute.
  auto scenario = four_nodes;
  scenario.replace(scenario.find("[8]"), 3, "[4000]");
  four_hosts hosts{scenario};
  for (size_t i = 0; i < 4; ++i)
    hosts.net.limit(i, "100mbit");
  auto got = hosts.cluster.train(
    {"--set", "training.epochs=10", "--set", "evaluation.every=10", "--set",
     "training.batch=100"});
  INFO(got.err);
  REQUIRE(got.code == 0);
  CHECK(got.err.find("take the place") == std::string::npos);
  auto summary = result_of(hosts.cluster / "out");
  // A host sends to two neighbours; its evaluations go to the head.
  auto sent = summary["nodes"][1]["bytes_sent"].get<double>();
  auto rate = sent / summary["virtual_seconds"].get<double>();
  INFO("a host sent at " << rate / 1e6 << " MB/s of 12.5");
  CHECK(rate < 1.05 * 12.5e6);
  CHECK(rate > 0.5 * 12.5e6);
}
