#include "runtime/run/scenario_change.hpp"

#include "models/errors.hpp"
#include "runtime/run/plan.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace caps {

namespace {

constexpr std::array<std::string_view, 8> changeable{
  "compute", "edge",      "fault",    "link",
  "node",    "optimizer", "protocol", "schedule"};

/// The table that "link.drop=0.5" is about.
std::string_view table_of(std::string_view setting) {
  auto key = setting.substr(0, setting.find('='));
  auto table = key.substr(0, key.find('.'));
  auto last = table.find_last_not_of(" \t");
  return table.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

void check(const std::vector<std::string>& settings) {
  for (const auto& x : settings)
    // A second line could name another table.
    if (x.find('\n') != std::string::npos
        || std::ranges::find(changeable, table_of(x)) == changeable.end())
      throw input_error(fmt::format("{}: cannot change in the course of a run; "
                                    "only keys of [{}] can",
                                    x, fmt::join(changeable, "], [")));
}

/// Parts of a plan that may change.
std::shared_ptr<const std::vector<node_config>>
changed_nodes(const run_plan& plan) {
  auto result = std::make_shared<std::vector<node_config>>();
  for (const auto& x : plan.nodes) {
    auto& own = result->emplace_back();
    own.id = x.id;
    own.compute = x.compute;
    own.links = x.links;
    own.crash_at = x.crash_at;
  }
  return result;
}

/// The protocol with other options, if there are any; throws `input_error` for
/// another protocol.
std::shared_ptr<const protocol_recipe>
changed_protocol(const scenario& original, const run_plan& plan,
                 const std::vector<std::string>& settings) {
  auto is_of_protocol
    = [](const std::string& x) { return table_of(x) == "protocol"; };
  if (std::ranges::none_of(settings, is_of_protocol))
    return nullptr;
  const auto& own = plan.environment->protocol;
  if (plan.content.protocol.name() != original.protocol.name())
    throw input_error("protocol.name: cannot change in the course of a run; "
                      "the options of the protocol can");
  if (own->servers().servers
      != original.protocol.recipe()->servers().servers)
    throw input_error("protocol.servers: cannot change in the course of a run");
  return own;
}

} // namespace

std::string to_json(const std::vector<scenario_change>& changes) {
  auto result = nlohmann::json::array();
  for (const auto& x : changes)
    result.push_back({{"after", x.after}, {"set", x.settings}});
  return result.dump();
}

std::vector<scenario_change> parse_changes(std::string_view json) {
  try {
    std::vector<scenario_change> result;
    for (const auto& x : nlohmann::json::parse(json))
      result.push_back({x.at("after").get<int64_t>(),
                        x.at("set").get<std::vector<std::string>>()});
    return result;
  } catch (const nlohmann::json::exception& e) {
    throw data_error(
      fmt::format("these are no changes of a run: {}", e.what()));
  }
}

change_schedule::change_schedule(const std::string& scenario_text,
                                 const std::vector<scenario_change>& changes,
                                 const components& known) {
  auto original = parse_scenario(scenario_text, "scenario", {}, known);
  std::vector<std::string> settings;
  for (const auto& x : changes) {
    check(x.settings);
    settings.insert(settings.end(), x.settings.begin(), x.settings.end());
    auto plan
      = make_plan(parse_scenario(scenario_text, "scenario", settings, known));
    if (plan.content.optimizer.name() != original.content.optimizer.name())
      throw input_error("optimizer.name: cannot change in the course of a run; "
                        "the options of the optimizer can");
    if (plan.membership != nullptr
        && std::ranges::any_of(settings, [](const std::string& y) {
             return table_of(y) == "fault";
           }))
      throw input_error("fault: in a run with views faults cannot change in "
                        "its course");
    auto protocol = changed_protocol(original.content, plan, settings);
    changes_[x.after] = {plan.environment->optimizer, plan.environment->rates,
                         std::move(protocol), changed_nodes(plan)};
  }
}

void change_schedule::up_to(int64_t sequence,
                            node_environment& environment) const {
  // Each holds on top of those before it.
  auto next = changes_.upper_bound(sequence);
  if (next != changes_.begin())
    after(std::prev(next)->first, environment);
}

void change_schedule::after(int64_t sequence,
                            node_environment& environment) const {
  auto i = changes_.find(sequence);
  if (i == changes_.end())
    return;
  environment.optimizer = i->second.optimizer;
  environment.rates = i->second.rates;
  if (i->second.protocol)
    environment.protocol = i->second.protocol;
  environment.changed = i->second.nodes;
}

} // namespace caps
