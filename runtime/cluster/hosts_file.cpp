#include "runtime/cluster/hosts_file.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/scenario/toml_file.hpp"
#include "runtime/scenario/toml_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace caps {

namespace {

[[noreturn]] void fail_at(const toml::node& x, const std::string& what) {
  throw input_error(fmt::format("{}: {}", place_of(x.source()), what));
}

std::string text_of(const toml::node& x, const char* key) {
  if (auto text = x.value_exact<std::string>())
    return *text;
  fail_at(x, fmt::format("{}: expected a text, found {}", key, found(x)));
}

int64_t number_of(const toml::node& x, const char* key, int64_t least,
                  int64_t most) {
  auto result = x.value_exact<int64_t>();
  if (!result || *result < least || *result > most)
    fail_at(x, fmt::format("{}: expected a number from {} to {}, found {}", key,
                           least, most, found(x)));
  return *result;
}

void read_nodes(const toml::node& x, host_entry& result) {
  constexpr int64_t nodes_max = 1'000'000;
  auto list = x.as_array();
  if (list == nullptr) {
    result.count = static_cast<node_id>(number_of(x, "nodes", 0, nodes_max));
    return;
  }
  for (const auto& id : *list)
    result.nodes.push_back(
      static_cast<node_id>(number_of(id, "nodes", 0, nodes_max)));
  result.count = static_cast<node_id>(result.nodes.size());
}

/// Takes the keys of a table that are known; others are mistakes.
class known_keys {
public:
  explicit known_keys(const toml::table& x) : table_(x) {}

  const toml::node* take(const char* key) {
    known_.insert(key);
    return table_.get(key);
  }

  void finish() const {
    for (const auto& [key, value] : table_)
      if (!known_.contains(std::string{key.str()}))
        fail_at(value, fmt::format("unknown key '{}'; known are: {}",
                                   std::string{key.str()},
                                   fmt::join(known_, ", ")));
  }

private:
  const toml::table& table_;
  std::set<std::string> known_;
};

host_entry read_host(const toml::table& x) {
  known_keys in{x};
  host_entry result;
  result.place = place_of(x.source());
  auto name = in.take("name");
  if (name == nullptr)
    fail_at(x, "a [[host]] without a name");
  result.name = text_of(*name, "name");
  try {
    check_host_name(result.name);
  } catch (const input_error& e) {
    fail_at(*name, e.what());
  }
  if (auto address = in.take("address"))
    result.address = text_of(*address, "address");
  if (auto nodes = in.take("nodes"))
    read_nodes(*nodes, result);
  if (auto threads = in.take("threads"))
    result.threads
      = static_cast<size_t>(number_of(*threads, "threads", 1, 1024));
  if (auto gpus = in.take("gpus"))
    result.gpus = static_cast<size_t>(number_of(*gpus, "gpus", 0, 1024));
  in.finish();
  return result;
}

std::vector<std::string> words_of(const toml::node& x, const char* key) {
  auto list = x.as_array();
  std::vector<std::string> result;
  if (list != nullptr)
    for (const auto& word : *list)
      result.push_back(text_of(word, key));
  if (result.empty())
    fail_at(x, fmt::format("{}: expected a list of words", key));
  return result;
}

void read_ssh(const toml::node& x, hosts_file& result) {
  auto table = x.as_table();
  if (table == nullptr)
    fail_at(x, "ssh: expected a table");
  if (result.launch != hosts_file::launch_kind::ssh)
    fail_at(x, "ssh: is for launch = \"ssh\"");
  known_keys in{*table};
  if (auto command = in.take("command"))
    result.ssh = words_of(*command, "command");
  if (auto program = in.take("program"))
    result.program = text_of(*program, "program");
  if (auto identity = in.take("identity"))
    result.remote_identity = text_of(*identity, "identity");
  in.finish();
}

void read_hosts(const toml::node& x, hosts_file& result) {
  auto list = x.as_array();
  if (list == nullptr || !list->is_homogeneous<toml::table>())
    fail_at(x, "host: expected [[host]] tables");
  std::set<std::string> names;
  for (const auto& host : *list) {
    result.hosts.push_back(read_host(*host.as_table()));
    if (!names.insert(result.hosts.back().name).second)
      fail_at(host, fmt::format("a second host '{}'",
                                result.hosts.back().name));
  }
}

/// Nodes that are named, of the host that names them.
std::vector<std::optional<uint32_t>>
named_nodes(const std::vector<host_entry>& hosts, node_id nodes) {
  std::vector<std::optional<uint32_t>> result(static_cast<size_t>(nodes));
  for (uint32_t i = 0; i < hosts.size(); ++i)
    for (auto id : hosts[i].nodes) {
      if (id >= nodes)
        throw input_error(fmt::format("{}: there is no node {}; the scenario "
                                      "has {}",
                                      hosts[i].place, id, nodes));
      auto& owner = result[static_cast<size_t>(id)];
      if (owner)
        throw input_error(fmt::format("{}: node {} has a host already, at {}",
                                      hosts[i].place, id,
                                      hosts[*owner].place));
      owner = i;
    }
  return result;
}

bool has_gpu(const host_entry& x) {
  return x.gpus.value_or(0) > 0;
}

/// How many nodes that have no host yet go to each.
std::vector<node_id> room_of(const std::vector<host_entry>& hosts,
                             node_id nodes, node_id rest) {
  std::vector<node_id> result(hosts.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < hosts.size(); ++i) {
    if (!hosts[i].count)
      open.push_back(i);
    else if (hosts[i].nodes.empty())
      result[i] = *hosts[i].count;
    rest -= result[i];
  }
  if (rest < 0 || (rest > 0 && open.empty()))
    throw input_error(fmt::format("the hosts file has room for {} nodes, the "
                                  "scenario has {}",
                                  nodes - rest, nodes));
  // Those that do not say share the rest; with GPUs somewhere, there.
  auto with_gpu = std::ranges::count_if(
    open, [&](size_t i) { return has_gpu(hosts[i]); });
  if (with_gpu > 0)
    std::erase_if(open, [&](size_t i) {
      if (has_gpu(hosts[i]))
        return false;
      result[i] = rest > with_gpu ? 1 : 0;
      rest -= result[i];
      return true;
    });
  auto count = static_cast<node_id>(open.size());
  for (node_id i = 0; i < count; ++i)
    result[open[static_cast<size_t>(i)]]
      = rest / count + (i < rest % count ? 1 : 0);
  return result;
}

/// The first of so many, from `begin` on and around, that is wanted.
template <class Wanted>
std::optional<size_t> next_in_turn(size_t begin, size_t count, Wanted wanted) {
  for (size_t i = 0; i < count; ++i)
    if (wanted((begin + i) % count))
      return (begin + i) % count;
  return std::nullopt;
}

} // namespace

hosts_file read_hosts_file(const std::filesystem::path& file) {
  auto content = parse_toml(text_of_toml_file(file, "hosts"), file.string());
  known_keys keys{content};
  hosts_file result;
  if (auto x = keys.take("listen")) {
    result.listen = endpoint_from(text_of(*x, "listen"),
                                  place_of(x->source()) + ": listen",
                                  head_port);
  } else {
    throw input_error(file.string() + ": listen is missing: the address of "
                                      "this host that the others can reach");
  }
  result.identity = file.parent_path() / "cluster";
  if (auto x = keys.take("identity"))
    result.identity = file.parent_path() / text_of(*x, "identity");
  if (auto x = keys.take("wait")) {
    try {
      result.wait = parse_duration(text_of(*x, "wait"));
    } catch (const input_error& e) {
      fail_at(*x, e.what());
    }
  }
  result.head->place = file.string();
  if (auto x = keys.take("nodes"))
    read_nodes(*x, *result.head);
  if (auto x = keys.take("threads"))
    result.head->threads
      = static_cast<size_t>(number_of(*x, "threads", 1, 1024));
  if (auto x = keys.take("gpus"))
    result.head->gpus = static_cast<size_t>(number_of(*x, "gpus", 0, 1024));
  if (result.head->count == 0)
    result.head.reset();
  if (auto x = keys.take("launch")) {
    if (text_of(*x, "launch") != "ssh")
      fail_at(*x, fmt::format("launch: expected \"ssh\", found {}",
                              found(*x)));
    result.launch = hosts_file::launch_kind::ssh;
  }
  if (auto x = keys.take("ssh"))
    read_ssh(*x, result);
  if (auto x = keys.take("host"))
    read_hosts(*x, result);
  keys.finish();
  if (result.hosts.empty())
    throw input_error(file.string() + ": names no [[host]]");
  return result;
}

std::vector<host_entry> hosts_file::all() const {
  auto result = hosts;
  if (head)
    result.insert(result.begin(), *head);
  return result;
}

placement place_nodes(const std::vector<host_entry>& hosts, node_id nodes,
                      const std::set<node_id>& servers) {
  auto owner = named_nodes(hosts, nodes);
  auto room = room_of(hosts, nodes, static_cast<node_id>(std::ranges::count_if(
    owner, [](const auto& x) { return !x.has_value(); })));
  // In turn, so that neighbours by number live apart, as with --processes; on
  // hosts of the right kind while there are some.
  std::vector<uint32_t> result;
  size_t next = 0;
  for (node_id id = 0; id < nodes; ++id) {
    auto& x = owner[static_cast<size_t>(id)];
    if (!x) {
      auto wants_gpu = !servers.contains(id);
      auto right = [&](size_t i) {
        return room[i] > 0 && has_gpu(hosts[i]) == wants_gpu;
      };
      auto any = [&](size_t i) { return room[i] > 0; };
      auto i = next_in_turn(next, hosts.size(), right);
      if (!i)
        i = next_in_turn(next, hosts.size(), any);
      x = static_cast<uint32_t>(*i);
      --room[*i];
      next = *i + 1;
    }
    result.push_back(*x);
  }
  placement where{std::move(result), hosts.size()};
  for (size_t i = 0; i < hosts.size(); ++i)
    if (where.nodes_of(i).empty())
      throw input_error(fmt::format("{}: no node is left for {}",
                                    hosts[i].place,
                                    hosts[i].name.empty()
                                      ? "the head; nodes = 0 says that none "
                                        "lives there"
                                      : "host " + hosts[i].name));
  return where;
}

} // namespace caps
