#include "tests/cluster/support/network.hpp"

#include "tests/support/process.hpp"

#include <sstream>
#include <stdexcept>

#include <unistd.h>

namespace caps::test {

namespace {

/// Runs "/usr/sbin/ip" or "/usr/sbin/tc" with these words.
process_result tool(const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> words;
  for (std::string word; in >> word;)
    words.push_back(word);
  words.front() = "/usr/sbin/" + words.front();
  return run(words);
}

void must(const std::string& line) {
  auto got = tool(line);
  if (got.code != 0)
    throw std::runtime_error(line + ": " + got.err);
}

} // namespace

bool network::allowed() {
  if (::geteuid() != 0 || ::access("/usr/sbin/ip", X_OK) != 0
      || ::access("/usr/sbin/tc", X_OK) != 0)
    return false;
  auto name = "capstry" + std::to_string(::getpid());
  auto ok = tool("ip netns add " + name).code == 0
            && tool("ip -n " + name + " link add b0 type bridge").code == 0
            && tool("ip netns exec " + name
                    + " tc qdisc add dev lo root tbf rate 1mbit burst 64kb "
                      "latency 50ms")
                   .code
                 == 0;
  tool("ip netns del " + name);
  return ok;
}

std::string network::name(const std::string& what) const {
  return "caps" + std::to_string(::getpid()) + what;
}

network::network(size_t hosts) : hosts_(hosts) {
  auto hub = name("x");
  auto at_hub = "ip -n " + hub + " link ";
  must("ip netns add " + hub);
  must(at_hub + "add b0 type bridge");
  must(at_hub + "set b0 up");
  for (size_t i = 0; i < hosts; ++i) {
    auto host = name(std::to_string(i));
    auto port = "p" + std::to_string(i);
    must("ip netns add " + host);
    must("ip link add eth0 netns " + host + " type veth peer name " + port
         + " netns " + hub);
    must(at_hub + "set " + port + " master b0");
    must(at_hub + "set " + port + " up");
    must("ip -n " + host + " addr add " + address(i) + "/24 dev eth0");
    must("ip -n " + host + " link set eth0 up");
    must("ip -n " + host + " link set lo up");
  }
}

network::~network() {
  for (size_t i = 0; i < hosts_; ++i)
    tool("ip netns del " + name(std::to_string(i)));
  tool("ip netns del " + name("x"));
}

std::string network::address(size_t host) {
  return "10.77.0." + std::to_string(host + 1);
}

std::vector<std::string> network::on(size_t host) const {
  return {"/usr/sbin/ip", "netns", "exec", name(std::to_string(host))};
}

void network::limit(size_t host, const std::string& rate) const {
  must("ip netns exec " + name(std::to_string(host))
       + " tc qdisc replace dev eth0 root tbf rate " + rate
       + " burst 128kb latency 50ms");
}

void network::cut(size_t host) const {
  must("ip -n " + name("x") + " link set p" + std::to_string(host)
       + " type bridge_slave state 0");
}

void network::mend(size_t host) const {
  must("ip -n " + name("x") + " link set p" + std::to_string(host)
       + " type bridge_slave state 3");
}

} // namespace caps::test
