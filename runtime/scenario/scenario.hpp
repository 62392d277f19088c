#pragma once

#include "actors/compute/compute_model.hpp"
#include "actors/links/link_model.hpp"
#include "models/evaluation.hpp"
#include "runtime/components/components.hpp"
#include "runtime/scenario/component.hpp"

#include <functional>
#include <string>
#include <vector>

namespace caps {

/// Visits the parts of a scenario: its tables and arrays of tables, each with
/// the options in it.
class scenario_visitor {
public:
  using body = std::function<void(option_visitor&)>;

  virtual ~scenario_visitor() = default;

  /// A table; the empty name stands for the top of the file.
  virtual void table(std::string_view name, std::string_view doc,
                     const body& options)
    = 0;

  /// An array of tables. `resize` is called with the number of its entries
  /// before `options` is called for each.
  virtual void tables(std::string_view name, std::string_view doc, size_t size,
                      const std::function<void(size_t)>& resize,
                      const std::function<void(size_t, option_visitor&)>& entry)
    = 0;
};

/// What differs at one node from the others.
struct node_override {
  int64_t id = 0;
  compute_model compute;
};

/// What differs on one edge from the others.
struct link_override {
  int64_t from = 0;
  int64_t to = 0;
  bool both_ways = true;
  /// In averages over neighbours; negative for that of the mixing matrix.
  double weight = -1;
  link_model link;
};

/// Something that goes wrong with nodes or edges.
struct node_fault {
  int64_t node = 0;
  /// In place of `node`.
  std::vector<int64_t> nodes;
  /// The ends of one edge that is parted, in place of nodes.
  std::vector<int64_t> link;
  std::string kind = "crash";
  std::chrono::nanoseconds at{0};
  std::chrono::nanoseconds lasts{0};
  /// Many of a kind, such as "1 per 30s".
  std::string rate;
};

/// One distributed training run, as the user describes it. Every field is
/// described in `visit`, from which the reader, the writer of resolved
/// scenarios and the documentation follow.
struct scenario {
  explicit scenario(const components& known);

  std::string name;
  int64_t seed = 1;
  std::string arithmetic = "native";
  /// Files of all plug-ins in use, those of the command line first.
  std::vector<std::string> plugins;
  /// Message types of these plug-ins.
  message_registry messages;

  int64_t nodes = 3;
  component<topology_recipe> topology;
  std::string mixing = "metropolis_hastings";
  bool lazy = false;

  component<swap_schedule_recipe> swaps;
  std::string stepping = "round_step";
  std::chrono::nanoseconds swap_timeout = std::chrono::seconds{10};
  int64_t max_missed = 3;

  component<dataset_recipe> data;
  std::string data_path;
  int64_t train_length = 0;
  int64_t validation = 0;
  int64_t crop_padding = 0;
  bool flip = false;
  component<partition_recipe> partition;

  component<net_recipe> model;
  std::string initialization = "uniform_fan_in";
  std::string dtype = "float32";
  std::string device = "cpu";

  int64_t epochs = 1;
  int64_t batch = 32;
  bool same_start = true;
  std::string buffers = "averaged";
  component<optimizer_recipe> optimizer;
  component<schedule_recipe> schedule;
  component<protocol_recipe> protocol;

  std::string clock = "virtual";
  compute_model compute;
  std::vector<node_override> node_overrides;
  link_model link;
  std::vector<link_override> link_overrides;
  std::vector<node_fault> faults;
  bool views = false;
  std::string silence_max = "adaptive";
  bool heals = true;
  int64_t min_nodes = 1;

  int64_t evaluation_every = 1;
  int64_t rounds_every = 0;
  int64_t test_length = 0;
  int64_t evaluation_chunk = caps::evaluation_chunk;
  bool evaluation_mean_model = true;

  std::string recording = "events";
  int64_t recording_snapshots = 1;
  int64_t recording_steps = 10;
  int64_t recording_budget = int64_t{1} << 30;

  /// Whether all agree on who takes part: it is said so, or a fault needs it.
  bool has_views() const;

  /// Shows every table and option to `visitor`.
  void visit(scenario_visitor& visitor);
};

} // namespace caps
