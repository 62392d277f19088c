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

std::unique_ptr<byte_stream>
connect_to_process(const network_order& network, const tls_context& tls,
                   uint32_t own, size_t process, clock::time_point deadline) {
  const auto& peer = network.peers[process];
  auto is_head = process + 1 == network.peers.size();
  return dial({peer.address, peer.port}, tls,
              {peer.name, is_head ? cluster_role::head : cluster_role::host},
              process_request(network.run, own), deadline)
    .stream;
}

void connect_over_network(const network_order& network, uint32_t own,
                          std::vector<std::unique_ptr<byte_stream>>& streams) {
  auto deadline = clock::now() + team_patience;
  auto tls
    = std::make_shared<tls_context>(load_identity(network.identity));
  auto head = network.peers.size() - 1;
  auto is_missing = [&](size_t i) {
    return i != own && streams[i] == nullptr;
  };
  std::vector<std::string> expected(head);
  for (size_t i = own + 1; i < head; ++i)
    if (is_missing(i))
      expected[i] = network.peers[i].name;
  process_gate gate{network.run, expected};
  door entrance{{network.listener, tls,
                 [&](const door_visitor& x) { return gate.decide(x); },
                 [own](const std::string& line) {
                   std::fputs(fmt::format("process {}: warning: {}\n", own,
                                          line)
                                .c_str(),
                              stderr);
                 }}};
  for (size_t i = 0; i <= head; ++i)
    if (is_missing(i) && (i < own || i == head))
      streams[i] = connect_to_process(network, *tls, own, i, deadline);
  for (auto missing = gate.missing(); !missing.empty();
       missing = gate.missing()) {
    if (clock::now() > deadline)
      throw error(fmt::format("process {} ({}) has not connected to process {} "
                              "within {} s",
                              missing[0], network.peers[missing[0]].name, own,
                              team_patience.count()),
                  exit_code::lost);
    gate.wait(100ms);
  }
  for (size_t i = own + 1; i < head; ++i)
    if (is_missing(i))
      streams[i] = gate.take(i);
}

} // namespace

nlohmann::json process_request(const std::string& run, uint32_t process) {
  return {{"run", run}, {"process", process}};
}

process_gate::process_gate(std::string run, std::vector<std::string> expected)
  : run_(std::move(run)), expected_(std::move(expected)),
    decided_(expected_.size()), streams_(expected_.size()) {
}

door_answer process_gate::decide(const door_visitor& x) {
  const auto& number = x.request.contains("process") ? x.request["process"]
                                                     : nlohmann::json{};
  if (x.request.value("run", nlohmann::json{}) != run_
      || !number.is_number_unsigned() || number >= expected_.size())
    return refused("there is no such run");
  if (!x.subject)
    return refused("shows no certificate");
  auto process = number.get<size_t>();
  std::lock_guard lock{mutex_};
  if (expected_[process].empty() || expected_[process] != x.subject->name)
    return refused(fmt::format("process {} is not one of host {}", process,
                               x.subject->name));
  if (decided_[process])
    return refused(fmt::format("process {} is here already", process));
  decided_[process] = true;
  return {{{"welcome", true}},
          [this, process](std::unique_ptr<byte_stream> stream) {
            put(process, std::move(stream));
          }};
}

void process_gate::put(size_t process, std::unique_ptr<byte_stream> stream) {
  {
    std::lock_guard lock{mutex_};
    streams_[process] = std::move(stream);
    expected_[process].clear();
  }
  came_.notify_all();
}

std::unique_ptr<byte_stream> process_gate::take(size_t process) {
  std::lock_guard lock{mutex_};
  return std::move(streams_.at(process));
}

std::vector<size_t> process_gate::missing() {
  std::lock_guard lock{mutex_};
  std::vector<size_t> result;
  for (size_t i = 0; i < expected_.size(); ++i)
    if (!expected_[i].empty())
      result.push_back(i);
  return result;
}

void process_gate::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  came_.wait_for(lock, patience);
}

std::vector<std::unique_ptr<byte_stream>>
connect_to_team(const join_order& order) {
  std::vector<std::unique_ptr<byte_stream>> result;
  for (auto socket : order.sockets)
    result.push_back(socket < 0 ? nullptr
                                : std::make_unique<plain_stream>(socket));
  if (order.network)
    connect_over_network(*order.network, order.process, result);
  return result;
}

} // namespace caps
