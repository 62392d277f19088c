#pragma once

#include "runtime/launch/child_process.hpp"
#include "runtime/launch/team.hpp"

#include <fmt/format.h>

#include <utility>

namespace caps {

/// A process with nodes that this one has started.
class local_member final : public team_member {
public:
  local_member(std::string name, child_process process)
    : name_(std::move(name)), process_(std::move(process)) {}

  std::string name() const override { return name_; }

  std::optional<std::string> loss() override {
    auto how = process_.loss();
    if (how)
      how = fmt::format("(pid {}) {}", process_.pid(), *how);
    return how;
  }

  void finish(std::chrono::milliseconds grace) override {
    process_.finish(grace);
  }

private:
  std::string name_;
  child_process process_;
};

} // namespace caps
