#include "tests/cluster/support/hosts.hpp"

#include "runtime/identity/identity.hpp"
#include "runtime/wire/internet.hpp"

#include <unistd.h>

namespace caps::test {

host_cluster::host_cluster(std::string head, place of_head,
                           const std::string& scenario)
  : shop_(scenario), head_(std::move(head)), of_head_(std::move(of_head)),
    port_(free_port()) {
  make_cluster(shop_ / "cluster", "head");
}

uint16_t host_cluster::free_port() {
  auto socket = listen_at({"127.0.0.1", 0});
  auto result = port_of(socket);
  ::close(socket);
  return result;
}

std::vector<std::string>
host_cluster::command(const place& where,
                      const std::vector<std::string>& arguments) const {
  auto result = where;
  result.push_back(program_path());
  result.insert(result.end(), arguments.begin(), arguments.end());
  return result;
}

void host_cluster::add(const std::string& name, const place& where,
                       const std::vector<std::string>& more) {
  make_host(shop_ / "cluster", name, shop_ / name);
  join(name, where, more);
}

void host_cluster::join(const std::string& name, const place& where,
                        const std::vector<std::string>& more) {
  std::vector<std::string> arguments{
    "join",      endpoint{head_, port_}.text(), "--identity", name,
    "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  process_options options;
  options.folder = shop_.path();
  options.errors = shop_ / (name + ".log");
  write_text(options.errors, "");
  hosts_[name] = std::make_unique<process>(command(where, arguments), options);
}

void host_cluster::leave(const std::string& name, int signal) {
  hosts_.at(name)->send_signal(signal);
  hosts_.at(name)->wait();
}

std::string host_cluster::said(const std::string& name) const {
  return read_text(shop_ / (name + ".log"));
}

void host_cluster::write_hosts(
  const std::string& head,
  const std::map<std::string, std::string>& keys) const {
  auto text = "listen = \"" + endpoint{head_, port_}.text() + "\"\n" + head
              + "\n";
  for (const auto& [name, process] : hosts_) {
    text += "[[host]]\nname = \"" + name + "\"\n";
    if (auto i = keys.find(name); i != keys.end())
      text += i->second + "\n";
  }
  write_text(shop_ / "hosts.toml", text);
}

std::unique_ptr<process>
host_cluster::start(const std::vector<std::string>& more) {
  if (!exists(shop_ / "hosts.toml"))
    write_hosts();
  std::vector<std::string> arguments{
    "--scenario", "scenario.toml", "--hosts",   "hosts.toml", "--out", "out",
    "--force",    "--quiet",       "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  process_options options;
  options.folder = shop_.path();
  return std::make_unique<process>(command(of_head_, arguments), options);
}

process_result host_cluster::train(const std::vector<std::string>& more) {
  return start(more)->wait();
}

} // namespace caps::test
