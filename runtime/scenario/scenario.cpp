#include "runtime/scenario/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

scenario::scenario(const components& known)
  : messages(known.messages), topology(known.topologies, "ring"),
    swaps(known.swap_schedules, "every_step"),
    data(known.datasets, "fashion_mnist"), partition(known.partitions, "iid"),
    model(known.models, "lenet5"), optimizer(known.optimizers, "sgd"),
    schedule(known.schedules, "constant"), protocol(known.protocols, "dsgd") {}

bool scenario::has_views() const {
  return views || std::ranges::any_of(faults, [](const node_fault& x) {
           return x.kind != "crash" || !x.rate.empty() || !x.nodes.empty();
         });
}

void scenario::visit(scenario_visitor& visitor) {
  visitor.table("", "The run as a whole.", [this](option_visitor& v) {
    v.text("name", name, "name of the run; the file's name if not given");
    v.integer("seed", seed, at_least(0),
              "every random decision of the run derives from it");
    v.choice("arithmetic", arithmetic, {"native", "portable"},
             "native: the fastest kernels for this processor, which differ "
             "between machines in the last bits; portable: those for AVX2, the "
             "same bits everywhere");
  });
  visitor.table("plugins", "What this program does not bring along.",
                [this](option_visitor& v) {
                  v.texts("load", plugins,
                          "shared libraries with further components, relative "
                          "to the file that says so");
                });
  visitor.table("nodes", "Who takes part.", [this](option_visitor& v) {
    v.integer("count", nodes, {.min = 1, .max = 1'000'000}, "number of nodes");
  });
  visitor.table("topology", "Who talks to whom.", [this](option_visitor& v) {
    topology.describe(v, "kind");
    v.choice("mixing", mixing, {"metropolis_hastings", "uniform"},
             "weights of averages over neighbours: metropolis_hastings "
             "1/(1 + max(degree, neighbour's degree)), doubly stochastic on "
             "every undirected graph; uniform 1/(degree + 1), as published");
    v.boolean("lazy", lazy,
              "halve all weights but a node's own and give it the rest, which "
              "leaves no negative eigenvalue; d_squared needs it on most "
              "graphs");
  });
  visitor.table(
    "swaps", "When messages go over the edges.", [this](option_visitor& v) {
      swaps.describe(v, "kind");
      v.choice("step", stepping, {"round_step", "async_step"},
               "round_step: a node waits for the messages that are due to it; "
               "async_step: nobody waits, a node works with what it received "
               "last");
      v.time("timeout", swap_timeout,
             "longest wait for the partners of one swap; what is late then is "
             "done without");
      v.integer("max_missed", max_missed, at_least(0),
                "swaps in a row after which nobody waits for a partner until "
                "it answers again; 0: the first missed swap ends the run with "
                "an error");
    });
  visitor.table("data", "What is learned.", [this](option_visitor& v) {
    data.describe(v, "name");
    v.text("path", data_path,
           "folder of the data files; empty to search CAPS_DATA_DIR and the "
           "system's dataset folder");
    v.integer("train_length", train_length, at_least(0),
              "samples a node trains on; 0 for its whole shard");
    v.integer("validation", validation, at_least(0),
              "training samples held out to measure on");
    v.integer("crop_padding", crop_padding, {.min = 0, .max = 64},
              "augmentation: black pixels added on each side before a random "
              "crop of the original size");
    v.boolean("flip", flip,
              "augmentation: mirror pictures with probability 1/2");
  });
  visitor.table("partition", "Which node learns from which samples.",
                [this](option_visitor& v) { partition.describe(v, "kind"); });
  visitor.table("model", "The neural network.", [this](option_visitor& v) {
    model.describe(v, "name");
    v.choice("initialization", initialization, {"uniform_fan_in", "he"},
             "first parameters: uniform_fan_in as LibTorch draws them; he as "
             "He et al. 2015");
    v.choice("dtype", dtype, {"float32", "float64"},
             "type of parameters and gradients");
    v.text("device", device,
           "where gradients and updates are computed: cpu; cuda or cuda:N, a "
           "GPU; auto, the first GPU if there is one");
  });
  visitor.table(
    "training", "How long and in which portions.", [this](option_visitor& v) {
      v.integer("epochs", epochs, at_least(1), "passes over the largest shard");
      v.integer("batch", batch, at_least(0),
                "samples per gradient; 0 for all of a shard");
      v.boolean("same_start", same_start,
                "all nodes start from the same parameters");
      v.choice("buffers", buffers, {"local", "averaged"},
               "statistics of batch normalization, between peers: averaged "
               "with the same weights and in the same messages as the "
               "parameters, or each node's own");
    });
  visitor.table("optimizer", "What a node does with a gradient.",
                [this](option_visitor& v) { optimizer.describe(v, "name"); });
  visitor.table("schedule", "How the learning rate changes.",
                [this](option_visitor& v) { schedule.describe(v, "kind"); });
  visitor.table("protocol", "How nodes work together.",
                [this](option_visitor& v) { protocol.describe(v, "name"); });
  visitor.table("clock", "Which time the run lives in.",
                [this](option_visitor& v) {
                  v.choice("kind", clock, {"virtual", "real"},
                           "virtual: deterministic, waiting costs nothing; "
                           "real: the machine's time");
                });
  visitor.table("compute", "How long a gradient takes at every node.",
                [this](option_visitor& v) { compute.describe(v); });
  visitor.tables(
    "node", "What differs at single nodes from [compute].",
    node_overrides.size(),
    [this](size_t n) {
      node_overrides.assign(n, {0, compute});
    },
    [this](size_t i, option_visitor& v) {
      v.integer("id", node_overrides[i].id, at_least(0), "the node");
      node_overrides[i].compute.describe(v);
    });
  visitor.table("link", "How well every edge carries messages.",
                [this](option_visitor& v) { link.describe(v); });
  visitor.tables(
    "edge", "What differs on single edges from [link].", link_overrides.size(),
    [this](size_t n) {
      link_overrides.assign(n, {0, 0, true, -1, link});
    },
    [this](size_t i, option_visitor& v) {
      auto& x = link_overrides[i];
      v.integer("from", x.from, at_least(0), "the sending node");
      v.integer("to", x.to, at_least(0), "the receiving node");
      v.boolean("both_ways", x.both_ways, "the way back is the same");
      v.real("weight", x.weight, between(-1, 1),
             "of the sender's parameters in averages of the receiver, which "
             "keeps the rest for its own; negative: as topology.mixing says");
      x.link.describe(v);
    });
  visitor.tables(
    "fault", "What goes wrong.", faults.size(),
    [this](size_t n) { faults.assign(n, {}); },
    [this](size_t i, option_visitor& v) {
      auto& x = faults[i];
      v.integer("node", x.node, at_least(0),
                "the node; parameter servers come after the workers");
      v.integers("nodes", x.nodes, at_least(0),
                 "several nodes, all at a time, in place of node; of a "
                 "partition those on one side; with rate those of whom one is "
                 "drawn each time");
      v.integers("link", x.link, at_least(0),
                 "of a partition: the two ends of the one edge that it parts, "
                 "in place of nodes");
      v.choice(
        "kind", x.kind,
        {"crash", "restart", "pause", "leave", "join", "partition", "heal"},
        "crash: from then on the node does nothing and says nothing; "
        "restart: it crashes, and comes back with nothing; pause: it "
        "does nothing for a time; leave: it ends and says so; join: it "
        "is not there before; partition: no message gets from nodes to "
        "the others; heal: all partitions end; all but crash need views "
        "and switch them on");
      v.time("at", x.at, "on the run's clock, since training started");
      v.time("for", x.lasts,
             "how long a restart, a pause or a partition lasts; 0: a partition "
             "lasts until heal");
      v.text("rate", x.rate,
             "many such faults from then on, at random: \"1 per 30s\" befall "
             "one of nodes each (of all if there are none), as a Poisson "
             "process from the seed");
      auto is = [&](std::string_view kind) { return x.kind == kind; };
      if (!is("partition"))
        v.contradicts("link", "only a partition is one of an edge");
      if (!is("partition") && !is("restart") && !is("pause"))
        v.contradicts("for", fmt::format("{} has no end", x.kind));
      if (is("partition") || is("heal") || is("join"))
        v.contradicts("rate", "only what befalls single nodes comes at random");
      if (is("heal"))
        v.contradicts("nodes", "all partitions end");
    });
  visitor.table(
    "membership", "What happens when nodes come and go.",
    [this](option_visitor& v) {
      v.boolean("views", views,
                "all nodes agree on who takes part, from which update on: "
                "nobody waits for those who are gone, weights are those of a "
                "graph of the others, and nodes can come back; on by itself "
                "where a fault needs it");
      v.text("deadline", silence_max,
             "how long a node may be silent before it is taken for gone; one "
             "that crashed is so at once. \"adaptive\": 1 s on the virtual "
             "clock; of processes, what their signs of life so far suggest, "
             "from 1.5 s to 10 s");
      v.boolean("heal", heals,
                "further edges where those who live cannot all reach each "
                "other any more; with swaps.kind = \"every_step\" alone");
      v.integer("min_nodes", min_nodes, at_least(1),
                "nodes that train, without which the run ends with code 5");
      if (!has_views())
        for (auto key : {"deadline", "heal", "min_nodes"})
          v.contradicts(key, "there are no views: set membership.views");
    });
  visitor.table("evaluation", "How often and on what nodes are measured.",
                [this](option_visitor& v) {
                  v.integer("every", evaluation_every, at_least(1),
                            "epochs between two measurements");
                  v.integer("rounds", rounds_every, at_least(0),
                            "rounds between two measurements of the consensus "
                            "distance, in rounds.csv; 0 for none");
                  v.integer("test_length", test_length, at_least(0),
                            "test samples to measure on, drawn once; 0 for "
                            "all");
                  v.integer("chunk", evaluation_chunk, at_least(1),
                            "samples per job; affects speed and memory only");
                  v.boolean("mean_model", evaluation_mean_model,
                            "measure the mean of all peers' parameters as "
                            "well: mean_model_test_acc");
                });
  visitor.table(
    "recording", "What of the run is kept in run.caps.",
    [this](option_visitor& v) {
      v.choice("level", recording, {"off", "metrics", "events", "payloads"},
               "metrics: what was measured; events: also every message and "
               "what it did to its receiver, and snapshots; payloads: also the "
               "messages themselves; on several hosts, and where processes may "
               "be lost and come back, 'metrics' at most");
      v.integer("snapshot_every", recording_snapshots, at_least(0),
                "epochs between two snapshots of a node's parameters, and of "
                "the whole run for forks to go on from; 0 for those of the "
                "parameters at the start and the end alone");
      v.integer("snapshot_steps", recording_steps, at_least(0),
                "updates of a node between two of its snapshots, at least: "
                "fewer are done again in no time");
      v.integer("budget", recording_budget, at_least(0),
                "bytes of the file: before there are more, snapshots become "
                "rarer and then stop; events never do");
    });
}

} // namespace caps
