#include "runtime/run/key_checks.hpp"

#include "runtime/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

/// Refuses the changed keys in `key`, but not those of a file over which the
/// protocol was chosen.
void refuse(const scenario& x, const std::string& key,
            const source_map& places) {
  for (const auto& name : places.changed_in(key)) {
    if (places.said_over("protocol.name", name))
      continue;
    throw input_error(fmt::format("{}: {}: {} makes no use of it; leave it out",
                                  places.where(name), name,
                                  x.protocol.name()));
  }
}

} // namespace

void settle_unused(scenario& x, const used_settings& used,
                   const source_map& places) {
  if (!used.topology) {
    for (const auto& key : places.changed_in("topology"))
      if (key != "topology.mixing" && key != "topology.lazy")
        refuse(x, key, places);
    x.topology.reset();
  }
  if (!used.mixing) {
    refuse(x, "topology.mixing", places);
    refuse(x, "topology.lazy", places);
    x.mixing = "metropolis_hastings";
    x.lazy = false;
    for (size_t i = 0; i < x.link_overrides.size(); ++i) {
      refuse(x, fmt::format("edge[{}].weight", i), places);
      x.link_overrides[i].weight = -1;
    }
  }
  if (!used.optimizer) {
    refuse(x, "optimizer", places);
    refuse(x, "schedule", places);
    x.optimizer.reset();
    x.schedule.reset();
  }
  if (!used.swaps) {
    for (const auto& key : places.changed_in("swaps"))
      if (key != "swaps.timeout" && key != "swaps.max_missed")
        refuse(x, key, places);
    x.swaps.reset();
    x.stepping = "round_step";
  }
  if (!used.same_start) {
    refuse(x, "training.same_start", places);
    x.same_start = true;
  }
  if (!used.buffers) {
    refuse(x, "training.buffers", places);
    x.buffers = "averaged";
  }
  if (!used.consensus) {
    refuse(x, "evaluation.rounds", places);
    refuse(x, "evaluation.mean_model", places);
    x.rounds_every = 0;
    x.evaluation_mean_model = true;
  }
}

void refuse_again(std::string_view table, const std::string& what,
                  size_t first, size_t second, const source_map& places) {
  auto place
    = [&](size_t i) { return places.where(fmt::format("{}[{}]", table, i)); };
  throw input_error(fmt::format("{}: {}: a second [[{}]] of {}; the first is "
                                "at {}",
                                place(second), table, table, what,
                                place(first)));
}

namespace {

/// Whole units of its schedule that a node works through, at least 1.
int64_t schedule_units(const run_plan& plan) {
  const auto& e = *plan.environment;
  auto steps = e.steps_per_epoch;
  for (const auto& node : plan.nodes)
    steps = std::max(steps, node.updates_per_epoch);
  switch (e.rates->unit()) {
    case schedule_unit::epoch:
      return e.epochs;
    case schedule_unit::round:
      return std::max<int64_t>(1, steps * e.epochs / e.swaps.schedule->round());
    case schedule_unit::step:
      break;
  }
  return steps * e.epochs;
}

void find_goals_beyond(const run_plan& plan, source_map& places) {
  auto units = schedule_units(plan);
  auto unit = plan.environment->rates->unit();
  auto name = unit == schedule_unit::epoch   ? "epoch"
              : unit == schedule_unit::round ? "round"
                                             : "step";
  for (const auto& x : plan.environment->rates->goals())
    if (x.position > units)
      places.warn("schedule." + x.option,
                  fmt::format("never comes to its end: that takes {} {}s, the "
                              "run has {}",
                              x.position, name, units));
}

} // namespace

std::vector<std::string> find_idle_keys(const run_plan& plan,
                                        source_map places) {
  const auto& x = plan.content;
  auto idle = [&](const std::string& key, bool is_idle, std::string_view why) {
    if (is_idle)
      for (const auto& name : places.changed_in(key))
        places.warn(name, fmt::format("changes nothing: {}", why));
  };
  auto peers = plan.environment->servers.empty();
  auto nobody_waits = peers && x.stepping == "async_step";
  for (auto key : {"swaps.timeout", "swaps.max_missed"})
    idle(key, nobody_waits, "nobody waits with step = \"async_step\"");
  int64_t largest = 0;
  for (const auto& shard : plan.shard_of_node)
    largest = std::max(largest, static_cast<int64_t>(shard.size()));
  idle("data.train_length", x.train_length >= largest,
       fmt::format("the largest shard has {} samples", largest));
  idle("data.path", !x.data.recipe()->reads_files(), "the data is generated");
  if (plan.data.test)
    idle("evaluation.test_length", x.test_length >= plan.data.test->size(),
         fmt::format("there are {} test samples", plan.data.test->size()));
  idle("training.buffers", plan.model->layout().buffer_numel() == 0,
       "the model has none");
  auto level = fmt::format("level is \"{}\"", x.recording);
  idle("recording.budget", x.recording == "off", level);
  for (auto key : {"recording.snapshot_every", "recording.snapshot_steps"})
    idle(key, x.recording == "off" || x.recording == "metrics", level);
  for (std::string key : {"step_time", "step_time_std"}) {
    auto real = x.clock == "real";
    auto why = "the real clock takes the time the machine needs";
    idle("compute." + key, real, why);
    for (size_t i = 0; i < x.node_overrides.size(); ++i)
      idle(fmt::format("node[{}].{}", i, key), real, why);
  }
  for (size_t i = 0; i < x.link_overrides.size(); ++i)
    idle(fmt::format("edge[{}].both_ways", i), plan.topology.directed,
         "the edges of this topology lead one way");
  find_goals_beyond(plan, places);
  return places.warnings();
}

} // namespace caps
