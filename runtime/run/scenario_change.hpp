#pragma once

#include "actors/node/node.hpp"
#include "runtime/components/components.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// What of a scenario is different after an event of its run.
struct scenario_change {
  /// Sequence of the event, from 1.
  int64_t after = 0;
  /// "key=value", as on the command line.
  std::vector<std::string> settings;
};

/// JSON: [{"after": 118, "set": ["link.drop=0.5"]}].
std::string to_json(const std::vector<scenario_change>& changes);

/// Throws `data_error` for other text than `to_json` makes.
std::vector<scenario_change> parse_changes(std::string_view json);

/// The changes of a run, ready to be made. Each holds on top of those before
/// it. What can change is what nodes can take up as they are: links, compute
/// models, faults, the schedule, and options of optimizer and protocol.
class change_schedule {
public:
  /// Reads the scenario with each change. Throws `input_error` for changes that
  /// cannot be made in the course of a run, naming those that can.
  change_schedule(const std::string& scenario_text,
                  const std::vector<scenario_change>& changes,
                  const components& known);

  /// Makes the changes that come after an event, if there are any. No node may
  /// be handling another event.
  void after(int64_t sequence, node_environment& environment) const;

  /// Makes all changes up to an event, for a run that goes on from there.
  void up_to(int64_t sequence, node_environment& environment) const;

private:
  struct ready_change {
    std::shared_ptr<const optimizer_recipe> optimizer;
    std::optional<schedule> rates;
    /// Null for the protocol as it was.
    std::shared_ptr<const protocol_recipe> protocol;
    std::shared_ptr<const std::vector<node_config>> nodes;
  };

  std::map<int64_t, ready_change> changes_;
};

} // namespace caps
