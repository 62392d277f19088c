#include "actors/coordination/host.hpp"
#include "runtime/clock/real_compute.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/message_rules.hpp"
#include "runtime/launch/run_links.hpp"
#include "runtime/launch/team_links.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/wire/data_plane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include <unistd.h>

namespace caps {

namespace {

/// How the run ends for this process: the first that says so counts.
class first_end {
public:
  void set(const run_over& x) {
    if (!known_.exchange(true))
      end_.set_value(x);
  }

  /// The end, if it comes in this time.
  std::optional<run_over> wait_for(std::chrono::milliseconds time) {
    if (future_.wait_for(time) != std::future_status::ready)
      return std::nullopt;
    return future_.get();
  }

private:
  std::atomic<bool> known_{false};
  std::promise<run_over> end_;
  std::future<run_over> future_ = end_.get_future();
};

/// How long those that a process comes back to may take to notice.
constexpr auto open_patience = std::chrono::seconds{10};

/// Edges that a message tells of.
constexpr size_t report_edges_max = 1000;

template <class T>
std::vector<T> take_some(std::vector<T>& all) {
  auto begin = all.size() - std::min(all.size(), report_edges_max);
  std::vector<T> result(all.begin() + static_cast<ptrdiff_t>(begin),
                        all.end());
  all.resize(begin);
  return result;
}

/// Tells the head what passes over the links of this process, until the run is
/// over; the more there is to tell, the more seldom.
run_over report_links(first_end& over, data_plane& wires, uint32_t process,
                      uint32_t life, const caf::actor& hub) {
  constexpr std::chrono::milliseconds interval{250};
  auto pause = interval;
  for (;;) {
    if (auto end = over.wait_for(pause))
      return *end;
    auto all = wires.traffic();
    auto edges = std::max(all.sent.size(), all.received.size());
    pause = interval * (1 + edges / report_edges_max);
    while (!all.sent.empty() || !all.received.empty())
      caf::anon_send(hub, link_report{process, take_some(all.sent),
                                      take_some(all.received), life});
  }
}

data_plane::settings wires_of(const run_plan& plan, const join_order& order,
                              team_links& links,
                              const std::shared_ptr<first_end>& over) {
  auto head = order.where.processes();
  data_plane::settings result;
  result.streams = links.take_streams();
  result.limits = limits_of(plan, order.where, order.process);
  result.refusal = [where = order.where](size_t process, node_id from,
                                         node_id to,
                                         const caf::message& content) {
    return refusal_at_process(where, process, from, to, content);
  };
  result.broken = [over, head](size_t process, const std::string& text) {
    auto who = process == head ? std::string{"the head of the run"}
                               : fmt::format("process {}", process);
    over->set({static_cast<int32_t>(exit_code::lost),
               fmt::format("{}: {}", who, text)});
  };
  result.closed = [over, head](size_t process) {
    // Of others than the head, the head is told.
    if (process == head)
      over->set({static_cast<int32_t>(exit_code::lost),
                 "the process that started this run is gone"});
  };
  result.note = [i = order.process](const std::string& text) {
    std::fputs(fmt::format("process {}: warning: {}\n", i, text).c_str(),
               stderr);
  };
  return result;
}

} // namespace

run_end join_run(run_plan& plan, const run_settings& settings,
                 const join_order& order) {
  auto process = order.process;
  auto head = order.where.processes();
  // Besides those that compute: those of the actors, network, clocks.
  ensure_threads(settings.threads, settings.threads + 4);
  exit_deadline leaving;
  real_compute compute{settings.threads};
  plan.environment->compute = &compute;
  caf::actor_system_config config;
  configure_process(config, settings.threads, plan);
  caf::actor_system system{config};
  return leaving.bound([&] {
    auto over = std::make_shared<first_end>();
    std::optional<team_links> links{order};
    auto wires = std::make_shared<data_plane>(
      system, wires_of(plan, order, *links, over));
    if (plan.membership == nullptr)
      links.reset(); // nobody comes later
    host_config own;
    own.process = process;
    std::map<node_id, caf::actor> receivers;
    for (auto id : order.where.nodes_of(process)) {
      auto& config_of_node = plan.nodes[static_cast<size_t>(id)];
      // A run that goes on has to take them in.
      config_of_node.absent |= order.life > 0;
      auto handle = system.spawn<node>(plan.environment, config_of_node);
      own.nodes.push_back({id, handle});
      own.out_neighbours.push_back(config_of_node.out_neighbours);
      receivers[id] = handle;
    }
    own.hub = wires->courier_to(to_host, to_hub, head);
    own.coordinator = wires->courier_to(to_host, to_coordinator, head);
    own.evaluator = wires->courier_to(to_host, to_evaluator, head);
    if (plan.membership != nullptr)
      own.membership = wires->courier_to(to_host, to_membership, head);
    own.on_over = [over](const run_over& x) { over->set(x); };
    own.way = [wires, where = order.where](node_id from, node_id to) {
      return wires->courier_to(from, to, where.process_of(to));
    };
    process_joined hello{process, getpid(), identity_of(plan)};
    auto to_hub_here = own.hub;
    receivers[to_host]
      = caf::actor_cast<caf::actor>(system.spawn(host, std::move(own)));
    wires->start(receivers);
    if (order.streams >= 0)
      wires->take_streams_from(order.streams);
    if (links)
      links->pass_on([wires](size_t i, std::unique_ptr<byte_stream> stream) {
        wires->replace(i, std::move(stream));
      });
    // Others must hear of it before they are told that nodes are back.
    if (order.life > 0)
      wires->wait_until_open(open_patience);
    caf::anon_send(to_hub_here, hello);
    // The link to the head and the heartbeat end this, so it always ends.
    auto end = report_links(*over, *wires, process, order.life, to_hub_here);
    links.reset();
    for (const auto& [id, handle] : receivers)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    return run_end{static_cast<exit_code>(end.code), end.text};
  });
}

} // namespace caps
