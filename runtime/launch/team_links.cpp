#include "runtime/launch/team_links.hpp"

#include "models/errors.hpp"
#include "runtime/wire/dial.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace caps {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto team_patience = 60s;

/// For those that may be gone themselves.
constexpr auto call_patience = 2s;

/// Whom a process lets in.
process_gate::settings gate_of(const network_order& network,
                               const join_order& order) {
  process_gate::settings result;
  result.run = network.run;
  result.life = order.life;
  auto head = network.peers.size() - 1;
  for (size_t i = 0; i < head; ++i) {
    auto inherited = order.sockets[i] >= 0 || i == order.process;
    result.hosts.push_back(inherited ? "" : network.peers[i].name);
    if (!inherited && i > order.process && order.life == 0)
      result.awaited.insert(i);
  }
  return result;
}

} // namespace

team_links::team_links(const join_order& order) {
  for (auto socket : order.sockets)
    streams_.push_back(socket < 0 ? nullptr
                                  : std::make_unique<plain_stream>(socket));
  if (order.network)
    connect(order);
}

void team_links::connect(const join_order& order) {
  const auto& network = *order.network;
  auto deadline = clock::now() + team_patience;
  tls_ = std::make_shared<tls_context>(load_identity(network.identity));
  gate_.emplace(gate_of(network, order));
  door_.emplace(door::settings{
    network.listener, tls_,
    [this](const door_visitor& x) { return gate_->decide(x); },
    [own = order.process](const std::string& line) {
      std::fputs(fmt::format("process {}: warning: {}\n", own, line).c_str(),
                 stderr);
    }});
  auto head = network.peers.size() - 1;
  for (size_t i = 0; i <= head; ++i)
    if (i != order.process && streams_[i] == nullptr
        && (order.life > 0 || i < order.process || i == head))
      streams_[i] = call(order, i);
  for (auto missing = gate_->missing(); !missing.empty();
       missing = gate_->missing()) {
    if (clock::now() > deadline)
      throw error(fmt::format("process {} ({}) has not connected to process {} "
                              "within {} s",
                              missing[0], network.peers[missing[0]].name,
                              order.process, team_patience.count()),
                  exit_code::lost);
    gate_->wait(100ms);
  }
  for (size_t i = 0; i < head; ++i)
    if (streams_[i] == nullptr)
      streams_[i] = gate_->take(i);
}

std::unique_ptr<byte_stream> team_links::call(const join_order& order,
                                              size_t process) {
  const auto& network = *order.network;
  const auto& peer = network.peers[process];
  auto is_head = process + 1 == network.peers.size();
  auto may_be_gone = order.life > 0 && !is_head;
  try {
    auto there
      = dial({peer.address, peer.port}, *tls_,
             {peer.name, is_head ? cluster_role::head : cluster_role::host},
             process_request(network.run, order.process, order.life),
             clock::now() + (may_be_gone ? call_patience : team_patience));
    if (is_head)
      return std::move(there.stream);
    return gate_->reached(process, there.reply.value("life", uint32_t{0}),
                          order.process, std::move(there.stream));
  } catch (const error&) {
    if (!may_be_gone)
      throw;
    return nullptr; // it calls when it is back
  }
}

std::vector<std::unique_ptr<byte_stream>> team_links::take_streams() {
  return std::move(streams_);
}

void team_links::pass_on(
  std::function<void(size_t process, std::unique_ptr<byte_stream>)> f) {
  if (gate_)
    gate_->pass_on(std::move(f));
}

} // namespace caps
