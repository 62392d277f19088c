#pragma once

#include "tests/runtime/support/program.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace caps::test {

/// A cluster of caps_runtime programs: a head and hosts, each with an identity
/// of its own in a folder of its own.
class host_cluster {
public:
  /// Where a host is: what comes before its commands (such as "ip netns exec
  /// x"); empty for this one.
  using place = std::vector<std::string>;

  /// @param head where the head listens, without a port
  explicit host_cluster(std::string head = "127.0.0.1", place of_head = {},
                        const std::string& scenario = tiny_scenario);

  std::filesystem::path operator/(const std::string& name) const {
    return shop_ / name;
  }

  /// Makes an identity for a host and starts `join` there.
  void add(const std::string& name, const place& where = {},
           const std::vector<std::string>& more = {});

  /// Starts `join` of a host that has an identity.
  void join(const std::string& name, const place& where = {},
            const std::vector<std::string>& more = {});

  /// Ends the `join` of a host.
  void leave(const std::string& name, int signal);

  bool is_there(const std::string& name) {
    return hosts_.at(name)->running();
  }

  pid_t pid_of(const std::string& name) const {
    return hosts_.at(name)->pid();
  }

  /// What the `join` of a host has said.
  std::string said(const std::string& name) const;

  /// Writes hosts.toml: `head` are keys of the head, `keys` those of hosts.
  void write_hosts(const std::string& head = "",
                   const std::map<std::string, std::string>& keys = {}) const;

  /// Runs the scenario on all hosts, into "out".
  process_result train(const std::vector<std::string>& more = {});

  std::unique_ptr<process> start(const std::vector<std::string>& more = {});

  /// A port that nobody listened at just now.
  static uint16_t free_port();

  uint16_t port() const noexcept { return port_; }

private:
  std::vector<std::string>
  command(const place& where, const std::vector<std::string>& arguments) const;

  workshop shop_;
  std::string head_;
  place of_head_;
  uint16_t port_;
  std::map<std::string, std::unique_ptr<process>> hosts_;
};

} // namespace caps::test
