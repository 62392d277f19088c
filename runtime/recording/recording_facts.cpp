#include "runtime/recording/recording_facts.hpp"

#include "runtime/process/arithmetic.hpp"
#include "runtime/process/version.hpp"
#include "runtime/run_file/schema.hpp"
#include "runtime/scenario/writer.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ctime>

namespace caps {

namespace {

std::string layout_text(const parameter_layout& layout) {
  auto result = nlohmann::ordered_json::array();
  for (const auto& x : layout.entries())
    result.push_back({{"name", x.name},
                      {"shape", x.shape},
                      {"offset", x.offset},
                      {"numel", x.numel},
                      {"kind", to_text(x.kind)}});
  for (const auto& x : layout.buffers())
    result.push_back({{"name", x.name},
                      {"shape", x.shape},
                      {"offset", x.offset},
                      {"numel", x.numel},
                      {"kind", "buffer"}});
  return result.dump();
}

std::string_view role_text(node_role role) {
  switch (role) {
    case node_role::peer:
      return "peer";
    case node_role::worker:
      return "worker";
    case node_role::parameter_server:
      return "parameter_server";
  }
  return "unknown";
}

} // namespace

recording_facts facts_of(run_plan& plan) {
  recording_facts result;
  auto& meta = result.meta;
  const auto& x = plan.content;
  meta["schema"] = std::to_string(recording_version);
  meta["version"] = version_text();
  meta["arithmetic"] = this_arithmetic().json();
  meta["scenario"] = to_toml(plan.content);
  meta["scenario_name"] = x.name;
  meta["seed"] = std::to_string(x.seed);
  meta["clock"] = x.clock;
  meta["layout"] = layout_text(plan.model->layout());
  meta["started"]
    = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  for (const auto& node : plan.nodes) {
    auto role = role_text(node.role);
    auto name = node.role == node_role::parameter_server ? "server" : role;
    result.nodes.push_back({node.id, std::string{role},
                            fmt::format("{} {}", name, node.id),
                            nlohmann::json(node.out_neighbours).dump()});
  }
  return result;
}

} // namespace caps
