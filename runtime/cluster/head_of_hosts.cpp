#include "runtime/cluster/head_of_hosts.hpp"

#include "models/device.hpp"
#include "models/errors.hpp"
#include "models/file_text.hpp"
#include "models/options.hpp"
#include "runtime/cluster/lobby.hpp"
#include "runtime/cluster/ssh_launch.hpp"
#include "runtime/launch/head.hpp"
#include "runtime/launch/local_member.hpp"
#include "runtime/launch/process_gate.hpp"
#include "runtime/launch/process_silence.hpp"
#include "runtime/launch/run_links.hpp"
#include "runtime/launch/socket_mesh.hpp"
#include "runtime/process/setup_phase.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include <unistd.h>

namespace caps {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// How long the processes of hosts may take to read the scenario, its data,
/// and to connect.
constexpr auto start_patience = 90s;

/// How long commands that started hosts get to end when the run has.
constexpr auto leave_patience = 5s;

/// A process on another host.
class remote_member final : public team_member {
public:
  remote_member(std::string host, std::shared_ptr<host_talk> talk)
    : host_(std::move(host)), talk_(std::move(talk)) {}

  std::string name() const override { return "host " + host_; }

  std::optional<std::string> loss() override {
    try {
      while (auto letter = talk_->take())
        if (letter->contains("ended"))
          return letter->value("ended", std::string{});
    } catch (const error& e) {
      there_ = false;
      return e.what();
    }
    return std::nullopt;
  }

  /// The host itself, if it is there; its process may not be.
  std::shared_ptr<host_talk> host() const { return there_ ? talk_ : nullptr; }

  void finish(std::chrono::milliseconds grace) override {
    auto deadline = clock::now() + grace;
    try {
      talk_->post({{"over", grace.count()}});
      while (!loss() && clock::now() < deadline)
        wait_at(talk_->handle(), false,
                std::min(deadline, clock::now() + 100ms));
    } catch (const error&) {
      // It ends by itself when this host is gone.
    }
  }

private:
  std::string host_;
  std::shared_ptr<host_talk> talk_;
  bool there_ = true;
};

/// Brings the processes of one run together.
class muster {
public:
  muster(const run_plan& plan, const run_settings& settings,
         const hosts_file& hosts, std::filesystem::path scenario_file,
         std::function<nlohmann::json()> status)
    : plan_(plan), settings_(settings), hosts_(hosts),
      scenario_file_(std::move(scenario_file)), status_(std::move(status)),
      all_(hosts.all()), own_(load_own()), lobby_(hosts.identity, hosts.hosts),
      gate_(expected()), listener_(listen_at(hosts.listen)),
      head_port_(port_of(listener_)),
      door_({listener_, std::make_shared<tls_context>(own_),
             [this](const door_visitor& x) { return decide(x); },
             [](const std::string& line) {
               std::fputs(fmt::format("warning: {}\n", line).c_str(), stderr);
             }}) {}

  ~muster() {
    if (own_listener_ >= 0)
      ::close(own_listener_);
    // Those that take part once end by themselves.
    for (auto& x : starters_)
      x.wait(leave_patience);
  }

  muster(const muster&) = delete;
  muster& operator=(const muster&) = delete;

  team gather() {
    if (hosts_.launch == hosts_file::launch_kind::ssh)
      start_hosts();
    wait_for_hosts();
    std::vector<waiting_host> waiting;
    for (const auto& x : hosts_.hosts)
      waiting.push_back(lobby_.take(x.name));
    team result;
    where_ = result.where = place(waiting);
    // The head's own process listens as well.
    if (hosts_.head)
      own_listener_ = listen_at({hosts_.listen.host, 0});
    peers_ = peers_of(waiting);
    result.streams.resize(all_.size());
    result.members.resize(all_.size());
    lives_.resize(all_.size());
    if (hosts_.head) {
      start_here(result);
      result.streams[0] = std::move(own_stream_);
    }
    for (auto& x : waiting) {
      threads_.push_back(x.threads);
      start_there(result, process_of(threads_.size() - 1), std::move(x.talk));
    }
    wait_for_processes(result);
    if (can_return(plan_)) {
      result.revive = [this](team& all, size_t process) {
        return start_again(all, process);
      };
      result.next_arrival = [this] { return next_arrival(); };
    }
    return result;
  }

private:
  identity load_own() const {
    auto result = load_identity(hosts_.identity);
    if (result.subject.role != cluster_role::head)
      throw input_error(fmt::format("{}: is the identity of host {}, not of a "
                                    "head; `caps_runtime cluster init` makes "
                                    "one",
                                    hosts_.identity.string(),
                                    result.subject.name));
    return result;
  }

  door_answer decide(const door_visitor& x) {
    if (x.request.contains("run"))
      return gate_.decide(x);
    if (!x.request.contains("status"))
      return lobby_.decide(x);
    if (!x.subject)
      return refused("shows no certificate");
    auto result = status_();
    auto& hosts = result["hosts"] = nlohmann::json::array();
    for (const auto& [name, state] : lobby_.states())
      hosts.push_back({{"name", name}, {"state", state}});
    return {result, {}};
  }

  placement place(const std::vector<waiting_host>& waiting) {
    auto own = all_.size() - waiting.size();
    for (size_t i = 0; i < all_.size(); ++i)
      if (auto& gpus = all_[i].gpus; !gpus)
        gpus = i < own ? static_cast<size_t>(count_gpus())
                       : waiting[i - own].gpus;
    return place_nodes(all_, plan_.environment->nodes, servers_of(plan_));
  }

  void start_hosts() {
    for (const auto& x : hosts_.hosts)
      starters_.emplace_back(
        ssh_command(hosts_, x, invite(hosts_.identity, x.name).text()));
  }

  /// A host whose command has ended will not come any more.
  void check_starters(const std::vector<std::string>& missing) {
    for (size_t i = 0; i < starters_.size(); ++i)
      if (starters_[i].ended()
          && std::ranges::count(missing, hosts_.hosts[i].name) > 0)
        throw error(fmt::format("host {} did not come: the command that starts "
                                "it has ended ({} {} ...)",
                                hosts_.hosts[i].name,
                                fmt::join(hosts_.ssh, " "),
                                hosts_.hosts[i].address.empty()
                                  ? hosts_.hosts[i].name
                                  : hosts_.hosts[i].address),
                    exit_code::lost);
  }

  /// The processes that come over the network.
  process_gate::settings expected() const {
    process_gate::settings result;
    result.run = run_;
    for (const auto& x : all_) {
      if (!x.name.empty())
        result.awaited.insert(result.hosts.size());
      result.hosts.push_back(x.name);
    }
    return result;
  }

  /// The number of the process of a host.
  size_t process_of(size_t host) const {
    return host + all_.size() - hosts_.hosts.size();
  }

  void wait_for_hosts() {
    if (settings_.setup != nullptr)
      settings_.setup->begin("waiting for the hosts");
    std::fputs(fmt::format("the head listens at {}\n",
                           endpoint{hosts_.listen.host, head_port_}.text())
                 .c_str(),
               stderr);
    auto deadline = clock::now() + hosts_.wait;
    for (auto missing = lobby_.missing(); !missing.empty();
         missing = lobby_.missing()) {
      if (clock::now() > deadline)
        throw error(fmt::format("waited {} for host{} {}, which did not come; "
                                "`caps_runtime join {}` starts one",
                                to_text(hosts_.wait),
                                missing.size() > 1 ? "s" : "",
                                fmt::join(missing, ", "),
                                hosts_.listen.text()),
                    exit_code::lost);
      check_starters(missing);
      std::this_thread::sleep_for(50ms);
    }
  }

  std::vector<network_order::peer>
  peers_of(const std::vector<waiting_host>& waiting) const {
    std::vector<network_order::peer> result;
    // Hosts know themselves how they reach the head's.
    if (hosts_.head)
      result.push_back({own_.subject.name, "", port_of(own_listener_)});
    for (size_t i = 0; i < waiting.size(); ++i)
      result.push_back(
        {hosts_.hosts[i].name, waiting[i].address, waiting[i].port});
    result.push_back({own_.subject.name, "", head_port_});
    return result;
  }

  void start_here(team& result) {
    socket_mesh pair{2};
    join_order order{
      0, where_, std::vector<int>(all_.size() + 1, -1),
      network_order{run_, hosts_.identity.string(), own_listener_, peers_}};
    order.sockets.back() = pair.of(0)[1];
    order.life = lives_[0];
    auto threads = hosts_.head->threads > 0 ? hosts_.head->threads
                                            : settings_.threads;
    result.members[0] = std::make_unique<local_member>(
      "the process of the head",
      start_joining(scenario_file_, threads, order, allowed_));
    own_stream_ = std::make_unique<plain_stream>(pair.take(1, 0));
  }

  void start_there(team& result, size_t process,
                   std::shared_ptr<host_talk> talk) {
    auto host = process - process_of(0);
    const auto& entry = hosts_.hosts[host];
    nlohmann::json order;
    order["id"] = run_;
    order["process"] = process;
    order["processes"] = all_.size();
    order["process of node"] = where_.processes_of_nodes();
    order["peers"] = json_of(peers_);
    order["life"] = lives_[process];
    order["silence"] = json_of(allowed_);
    talk->allow(allowed_);
    order["threads"] = entry.threads > 0 ? entry.threads : threads_[host];
    order["name"] = plan_.content.name;
    order["scenario"] = text_of_file(scenario_file_);
    talk->post({{"run", order}});
    result.members[process]
      = std::make_unique<remote_member>(entry.name, std::move(talk));
  }

  /// Starts a process again, where its host is there.
  bool start_again(team& all, size_t process) {
    auto local = hosts_.head && process == 0;
    std::shared_ptr<host_talk> talk;
    if (!local) {
      talk = dynamic_cast<remote_member&>(*all.members[process]).host();
      if (talk == nullptr)
        talk = host_again(process);
      if (talk == nullptr)
        return false;
    }
    ++lives_[process];
    if (local)
      start_here(all);
    else
      start_there(all, process, std::move(talk));
    return true;
  }

  /// The host of a process, if it has come again.
  std::shared_ptr<host_talk> host_again(size_t process) {
    auto host = lobby_.take_again(all_[process].name);
    if (!host)
      return nullptr;
    peers_[process].address = host->address;
    peers_[process].port = host->port;
    threads_[process - process_of(0)] = host->threads;
    return std::move(host->talk);
  }

  std::optional<team::arrival> next_arrival() {
    if (own_stream_ != nullptr)
      return team::arrival{0, std::move(own_stream_)};
    for (size_t i = 0; i < all_.size(); ++i)
      if (auto stream = gate_.take(i))
        return team::arrival{i, std::move(stream)};
    return std::nullopt;
  }

  void wait_for_processes(team& result) {
    if (settings_.setup != nullptr)
      settings_.setup->begin("setting up the processes");
    auto deadline = clock::now() + start_patience;
    for (auto missing = gate_.missing(); !missing.empty();
         missing = gate_.missing()) {
      for (const auto& x : result.members)
        if (auto how = x->loss())
          throw error(fmt::format("{} {}", x->name(), *how), exit_code::lost);
      if (clock::now() > deadline)
        throw error(fmt::format("host {} did not start its process within {} s",
                                all_[missing[0]].name, start_patience.count()),
                    exit_code::lost);
      gate_.wait(100ms);
    }
    for (size_t i = 0; i < result.streams.size(); ++i)
      if (result.streams[i] == nullptr)
        result.streams[i] = gate_.take(i);
  }

  const run_plan& plan_;
  const run_settings& settings_;
  const hosts_file& hosts_;
  std::filesystem::path scenario_file_;
  std::function<nlohmann::json()> status_;
  std::string run_ = random_secret(8);
  /// By the numbers of their processes.
  std::vector<host_entry> all_;
  identity own_;
  lobby lobby_;
  process_gate gate_;
  int listener_;
  uint16_t head_port_;
  door door_;
  silence allowed_ = silence_of(plan_.membership);
  placement where_{{}, 0};
  /// By process, the head last.
  std::vector<network_order::peer> peers_;
  std::vector<uint32_t> lives_;
  /// Of hosts, as they came.
  std::vector<size_t> threads_;
  /// Of the head's own process: where it listens, and what leads to it until
  /// somebody takes that.
  int own_listener_ = -1;
  std::unique_ptr<byte_stream> own_stream_;
  std::vector<side_command> starters_;
};

} // namespace

std::set<node_id> servers_of(const run_plan& plan) {
  std::set<node_id> result;
  for (const auto& x : plan.environment->servers)
    result.insert(x.server);
  return result;
}

run_end run_on_hosts(run_plan& plan, const run_settings& settings,
                     const hosts_file& hosts,
                     const std::filesystem::path& scenario_file,
                     run_observer& observer,
                     const std::function<nlohmann::json()>& status) {
  muster all{plan, settings, hosts, scenario_file, status};
  return run_head(plan, settings, observer, [&] { return all.gather(); });
}

} // namespace caps
