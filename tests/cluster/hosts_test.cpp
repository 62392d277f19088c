// Runs on several hosts, which are processes of this machine here. The program
// itself is run.

#include "tests/support/catch.hpp"

#include "tests/cluster/support/hosts.hpp"

#include <nlohmann/json.hpp>

#include <csignal>

using namespace caps::test;
using namespace std::chrono_literals;

namespace {

nlohmann::json summary_of(const host_cluster& x) {
  return nlohmann::json::parse(read_text(x / "out" / "summary.json"));
}

bool has_said(host_cluster& x, const std::string& host,
              const std::string& text) {
  return wait_until(
    [&] { return x.said(host).find(text) != std::string::npos; }, 20s);
}

bool all_start(host_cluster& x) {
  return log_says(x / "out", "all nodes start");
}

} // namespace

TEST_CASE("three hosts end where one process on the virtual clock does",
          "[hosts]") {
  auto protocol = GENERATE("dsgd", "pdmm_sgd", "sync_sgd");
  INFO(protocol);
  std::vector<std::string> setting{"--set",
                                   std::string{"protocol.name="} + protocol};
  host_cluster hosts;
  hosts.add("b");
  hosts.add("c");
  auto got = hosts.train(setting);
  INFO(got.err);
  REQUIRE(got.code == 0);
  auto summary = summary_of(hosts);
  workshop shop;
  auto more = setting;
  REQUIRE(shop.train(more).code == 0);
  // With a server, its parameters are the model.
  auto nodes = protocol == std::string{"sync_sgd"}
                 ? std::vector<const char*>{"3"}
                 : std::vector<const char*>{"0", "1", "2"};
  for (auto node : nodes) {
    auto file = std::string{node} + ".safetensors";
    INFO(file);
    CHECK(read_text(hosts / "out" / file) == read_text(shop / "out" / file));
    CHECK_FALSE(read_text(hosts / "out" / file).empty());
  }
}

TEST_CASE("edges.csv has what the links measured", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  hosts.add("c");
  // Two seconds at least: links are told of four times a second.
  auto got = hosts.train({"--set", "training.epochs=20", "--set",
                          "compute.delay=20ms"});
  INFO(got.err);
  REQUIRE(got.code == 0);
  auto edges = read_csv(hosts / "out" / "edges.csv").rows;
  REQUIRE(edges.size() == 20 * 6);
  for (auto i = edges.end() - 6; i != edges.end(); ++i) {
    INFO((*i)["from"] << " to " << (*i)["to"]);
    CHECK((*i)["waiting"] != "");
    CHECK((*i)["replaced"] == "0");
    CHECK((*i)["retransmissions"] != "");
    auto median = std::stod((*i)["latency_median"]);
    CHECK(median < 1);
    CHECK(std::stod((*i)["latency_p99"]) >= median);
  }
}

TEST_CASE("a host whose disk is full says so at the head", "[hosts]") {
  const std::vector<std::string> with_full_disk{
    "/usr/bin/unshare", "--mount", "sh", "-c",
    "mount -t tmpfs -o size=4k none full && head -c 4096 /dev/zero > full/x"
    " && TMPDIR=full exec \"$@\"",
    "sh"};
  host_cluster hosts;
  std::filesystem::create_directory(hosts / "full");
  auto trial = with_full_disk;
  trial.push_back("true");
  process_options here;
  here.folder = hosts / "";
  if (process{trial, here}.wait().code != 0) {
    WARN("skipped: this user may not make a mount namespace");
    return;
  }
  hosts.add("b", with_full_disk);
  auto got = hosts.train();
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("host b cannot start: full/caps-join-")
                        && contains("is the disk full?"));
  CHECK(hosts.is_there("b"));
}

TEST_CASE("hosts survive a run and take the next one", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  for (int i = 0; i < 2; ++i) {
    auto got = hosts.train({"--head-only", "--set", "training.epochs=1"});
    INFO(got.err << hosts.said("b"));
    REQUIRE(got.code == 0);
  }
  CHECK(hosts.is_there("b"));
  hosts.leave("b", SIGINT);
  CHECK_THAT(hosts.said("b"), contains("its process ended with code 0"));
}

TEST_CASE("a new host is taken in with a token", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  workshop elsewhere;
  auto invitation = elsewhere.caps(
    {"cluster", "add", "c", "--identity", (hosts / "cluster").string()});
  REQUIRE(invitation.code == 0);
  auto begin = invitation.out.find("--token ") + 8;
  auto token = invitation.out.substr(begin, invitation.out.find('\n', begin)
                                              - begin);
  hosts.join("c", {}, {"--token", token, "--once"});
  hosts.write_hosts();
  auto got = hosts.train();
  INFO(got.err << hosts.said("c"));
  CHECK(got.code == 0);
  CHECK_THAT(hosts.said("c"), contains("taken in as host c"));
  CHECK(exists(hosts / "c" / "host.key"));
  // Not twice.
  hosts.join("d", {}, {"--token", token});
  hosts.write_hosts("wait = \"3s\"");
  got = hosts.train({"--set", "nodes.count=4"});
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("for hosts c, d, which did not come"));
  CHECK_THAT(hosts.said("d"), contains("there is no such token"));
  CHECK_FALSE(hosts.is_there("d"));
}

TEST_CASE("a host that is lost ends the run by name", "[hosts]") {
  auto signal = GENERATE(SIGKILL, SIGSTOP);
  host_cluster hosts;
  hosts.add("b");
  hosts.add("c");
  auto run = hosts.start({"--set", "training.epochs=50000"});
  REQUIRE(all_start(hosts));
  kill(hosts.pid_of("b"), signal);
  auto got = run->wait(40s);
  kill(hosts.pid_of("b"), SIGCONT);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("error: host b")
                        && contains("node 1 lost"));
  CHECK(summary_of(hosts)["exit_code"] == 5);
  CHECK(has_said(hosts, "c", "its process ended"));
}

TEST_CASE("a host that is lost comes back", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  hosts.add("c");
  auto run = hosts.start({"--set", "training.epochs=1000000", "--set",
                          "membership.views=true", "--set",
                          "evaluation.mean_model=false"});
  REQUIRE(all_start(hosts));
  auto logged = [&](const std::string& text) {
    return wait_until(
      [&] {
        return read_text(hosts / "out" / "log.txt").find(text)
               != std::string::npos;
      },
      60s);
  };
  SECTION("its process alone") {
    kill(children_of(hosts.pid_of("b")).front(), SIGKILL);
    CHECK(has_said(hosts, "b", "its process was killed by signal 9"));
    REQUIRE(logged("node 1 begins in view"));
  }
  SECTION("the process of the head's own nodes") {
    kill(children_of(run->pid()).front(), SIGKILL);
    REQUIRE(logged("node 0 begins in view"));
  }
  SECTION("all of it, and two after each other") {
    hosts.leave("b", SIGKILL);
    REQUIRE(logged("host b closed the connection: node 1 gone"));
    hosts.join("b");
    REQUIRE(logged("node 1 begins in view"));
    hosts.leave("c", SIGKILL);
    REQUIRE(logged("host c closed the connection: node 2 gone"));
    hosts.join("c");
    REQUIRE(logged("node 2 begins in view"));
  }
  SECTION("it sleeps, and wakes up in another time") {
    kill(hosts.pid_of("b"), SIGSTOP);
    REQUIRE(logged("node 1 gone"));
    // Its process hears that nobody counts on it any more.
    CHECK(
      wait_until([&] { return children_of(hosts.pid_of("b")).empty(); }, 20s));
    kill(hosts.pid_of("b"), SIGCONT);
    REQUIRE(logged("node 1 begins in view"));
  }
  run->send_signal(SIGINT);
  auto got = run->wait(20s);
  INFO(got.err);
  CHECK(got.code == 130);
  auto summary = summary_of(hosts);
  CHECK(summary["lost_nodes"].empty());
  CHECK(summary["nodes"].size() == 3);
}

TEST_CASE("a head that is gone ends the run of its hosts", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  auto run = hosts.start({"--set", "training.epochs=50000"});
  REQUIRE(all_start(hosts));
  kill(run->pid(), SIGKILL);
  CHECK(has_said(hosts, "b", "its run ends here"));
  CHECK(wait_until([&] { return children_of(hosts.pid_of("b")).empty(); },
                   5s));
  CHECK(hosts.is_there("b"));
}

TEST_CASE("a head tells hosts what its run is at", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  auto run = hosts.start({"--set", "training.epochs=50000"});
  REQUIRE(all_start(hosts));
  workshop elsewhere;
  auto ask = [&](const std::string& identity,
                 const std::vector<std::string>& more) {
    std::vector<std::string> all{
      "status", "127.0.0.1:" + std::to_string(hosts.port()), "--identity",
      (hosts / identity).string()};
    all.insert(all.end(), more.begin(), more.end());
    return elsewhere.caps(all);
  };
  auto got = ask("b", {});
  CHECK(got.code == 0);
  CHECK_THAT(got.out, contains("tiny: running"));
  CHECK_THAT(got.out, contains("b  takes part"));
  got = ask("cluster", {"--json"});
  CHECK(got.code == 0);
  auto status = nlohmann::json::parse(got.out);
  CHECK(status["nodes"].size() == 3);
  CHECK(status["hosts"][0]["name"] == "b");
  got = ask("nothing", {});
  CHECK(got.code == 2);
  run->send_signal(SIGINT);
  CHECK(run->wait(20s).code == 130);
  got = ask("b", {});
  CHECK(got.code == 1);
  CHECK_THAT(got.err, contains("Connection refused"));
}

TEST_CASE("an interrupt keeps what was computed", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  auto run = hosts.start({"--set", "training.epochs=50000"});
  REQUIRE(all_start(hosts));
  run->send_signal(SIGINT);
  auto got = run->wait(20s);
  CHECK(got.code == 130);
  CHECK(exists(hosts / "out" / "0.safetensors"));
  CHECK(exists(hosts / "out" / "2.safetensors"));
}

TEST_CASE("IPv6 will do", "[hosts]") {
  host_cluster hosts{"::1"};
  hosts.add("b");
  auto got = hosts.train();
  INFO(got.err << hosts.said("b"));
  CHECK(got.code == 0);
}

TEST_CASE("what keeps a head from its hosts is said", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  auto hosts_with = [&](const std::string& listen) {
    write_text(hosts / "hosts.toml", "listen = \"" + listen
                                       + "\"\nwait = \"1s\"\n[[host]]\nname = "
                                         "\"x\"\n");
    return hosts.train();
  };
  auto got = hosts_with("no.such.host.invalid:7470");
  CHECK(got.code == 1);
  CHECK_THAT(got.err, contains("no.such.host.invalid:7470: there is no such "
                               "host"));
  got = hosts_with("127.0.0.1:1x");
  CHECK(got.code == 2);
  CHECK_THAT(got.err, contains("hosts.toml:1:10: listen: '127.0.0.1:1x'"));
  got = hosts_with("127.0.0.1:" + std::to_string(hosts.port()));
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("waited 1s for host x, which did not come"));
  CHECK_THAT(hosts.said("b"), contains("does not name a host 'b'"));
  std::filesystem::remove_all(hosts / "cluster");
  got = hosts_with("127.0.0.1:7470");
  CHECK(got.code == 2);
  CHECK_THAT(got.err,
             contains("`caps_runtime cluster init` makes an identity"));
}

TEST_CASE("a port that is in use is said", "[hosts]") {
  host_cluster first;
  first.add("b");
  first.write_hosts("wait = \"30s\"", {});
  write_text(first / "hosts.toml", "listen = \"127.0.0.1:"
                                     + std::to_string(first.port())
                                     + "\"\n[[host]]\nname = \"x\"\n");
  auto waiting = first.start();
  REQUIRE(has_said(first, "b", "does not name a host"));
  workshop other;
  auto got = other.caps({"--scenario", "scenario.toml", "--hosts",
                         (first / "hosts.toml").string(), "--out", "out2"});
  CHECK(got.code == 1);
  CHECK_THAT(got.err, contains("Address already in use"));
}

TEST_CASE("hosts and processes do not go together", "[hosts]") {
  host_cluster hosts;
  hosts.add("b");
  auto check = [&](const std::vector<std::string>& more,
                   const std::string& what) {
    auto got = hosts.train(more);
    CHECK(got.code == 2);
    CHECK_THAT(got.err, contains(what));
  };
  check({"--processes", "2"}, "leave out --processes or --hosts");
  check({"--clock", "virtual"}, "the virtual clock lives in one process");
  workshop shop;
  CHECK_THAT(shop.train({"--head-only"}).err, contains("--hosts as well"));
}
