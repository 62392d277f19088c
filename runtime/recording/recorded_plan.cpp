#include "runtime/recording/recorded_plan.hpp"

#include "models/errors.hpp"
#include "runtime/recording/recording_facts.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/scenario/toml_place.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace caps {

namespace {

/// A recording is data: refuses a scenario that would read other files, or run
/// what is in them without consent.
void check_files(const std::string& scenario, const std::string& path,
                 const components& known, const plugin_consent& may_load) {
  toml::table table;
  try {
    table = parse_toml(scenario, "scenario");
  } catch (const input_error&) {
    return; // whoever reads it says what is wrong
  }
  if (table.contains("include"))
    throw data_error(fmt::format("{}: its scenario includes other files, which "
                                 "that of no recording does",
                                 path));
  auto plugins = table["plugins"]["load"].as_array();
  if (plugins == nullptr)
    return;
  for (const auto& x : *plugins) {
    auto plugin = x.value_or(std::string{});
    if (!std::ranges::count(known.plugins, plugin)
        && !(may_load && may_load(plugin)))
      throw input_error(fmt::format(
        "{0}: it was made with the plug-in {1}, whose code would run in this "
        "program; if you know where it comes from, load it with --plugin {1}, "
        "or with --trust whatever the recording names",
        path, plugin));
  }
}

} // namespace

std::vector<scenario_change> changes_of(recording_file& file) {
  auto text = file.meta("changes");
  return text ? parse_changes(*text) : std::vector<scenario_change>{};
}

std::shared_ptr<const change_schedule>
make_changes(recording_file& file, const std::vector<scenario_change>& changes,
             const components& known) {
  if (changes.empty())
    return nullptr;
  return std::make_shared<change_schedule>(file.meta("scenario").value_or(""),
                                           changes, known);
}

run_plan plan_of(recording_file& file, const components& known,
                 const plugin_consent& may_load, setup_phase* setup) {
  auto path = file.path().string();
  auto text = file.meta("scenario");
  if (!text)
    throw data_error(fmt::format("{}: it holds no scenario", path));
  if (file.events() == 0)
    throw input_error(fmt::format("{}: holds no events (level \"{}\"); only "
                                  "what was recorded can be run again",
                                  path, file.meta("level").value_or("?")));
  check_files(*text, path, known, may_load);
  auto loaded = parse_scenario(*text, path + " (scenario)", {}, known);
  // The same scenario may mean something else on another machine; and nobody
  // shall be made to plan for nodes that were never there.
  auto nodes = loaded.content.nodes
               + loaded.content.protocol.recipe()->servers().servers;
  if (static_cast<int64_t>(file.nodes().size()) != nodes)
    throw input_error(fmt::format("{}: of {} nodes, but its scenario makes {} "
                                  "here",
                                  path, file.nodes().size(), nodes));
  auto plan = make_plan(std::move(loaded), setup);
  if (file.meta("layout") != facts_of(plan).meta.at("layout"))
    throw input_error(
      fmt::format("{}: its scenario makes another net here", path));
  plan.changes = make_changes(file, changes_of(file), known);
  return plan;
}

namespace {

delivery_counts counts_of(recording_file& file) {
  delivery_counts result;
  query rows{file, "SELECT source, destination, message, count(*) FROM event "
                   "WHERE source >= 0 AND source <> destination GROUP BY "
                   "source, destination, message"};
  while (rows.next()) {
    auto id = [&](int column) {
      return static_cast<node_id>(rows.integer(column).value_or(no_node));
    };
    result[{id(0), id(1), rows.integer(2).value_or(0)}]
      = rows.integer(3).value_or(0);
  }
  return result;
}

membership_letters letters_of(recording_file& file) {
  membership_letters result;
  query rows{file, "SELECT sequence, bytes FROM payload WHERE sequence IN "
                   "(SELECT sequence FROM event WHERE kind IN ('proposal', "
                   "'view'))"};
  while (rows.next())
    result.emplace(rows.integer(0).value_or(0), rows.bytes(1));
  return result;
}

} // namespace

bool is_lossy(const run_plan& plan) {
  if (plan.membership != nullptr)
    return true; // what is for a node that is away comes to nobody
  for (const auto& node : plan.nodes)
    for (const auto& [to, link] : node.links)
      if (link.drop > 0 || link.duplicate > 0)
        return true;
  return false;
}

rerun_facts rerun_facts_of(recording_file& file, const run_plan& plan) {
  rerun_facts result;
  if (is_lossy(plan) || plan.changes)
    result.counts = counts_of(file);
  if (plan.membership != nullptr)
    result.letters = letters_of(file);
  return result;
}

parameter_layout layout_of(const run_plan& plan, node_id node) {
  const auto& part = plan.nodes.at(static_cast<size_t>(node)).part;
  const auto& whole = plan.model->layout();
  return part.numel == 0 ? whole : part_of(whole, part.offset, part.numel);
}

} // namespace caps
