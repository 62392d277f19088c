#pragma once

// What a plug-in includes: a shared library that brings components of its own.
//
//   void add_components(caps::plugin_registrar& to) {
//     to.protocols.add({"my_protocol", "what it is", make_my_protocol});
//   }
//   CAPS_PLUGIN(add_components)
//
// Such a library links nothing of this project: it takes every function from
// the program that loads it, which has one copy of everything.

#include "actors/node/payload_tensor.hpp"
#include "models/state_values.hpp"
#include "runtime/components/components.hpp"
#include "runtime/plugin/abi.hpp"

namespace caps {

/// What a plug-in adds to. Every registry refuses a name that is taken.
struct plugin_registrar {
  registry<protocol_recipe>& protocols;
  registry<net_recipe>& models;
  registry<dataset_recipe>& datasets;
  registry<partition_recipe>& partitions;
  registry<optimizer_recipe>& optimizers;
  registry<schedule_recipe>& schedules;
  registry<topology_recipe>& topologies;
  registry<swap_schedule_recipe>& swap_schedules;
  /// Types of messages that nodes send; `messages.add<block>()`.
  message_registry& messages;
};

/// What the entry point of a plug-in, `caps_plugin`, returns.
struct plugin_entry {
  /// `plugin_abi` of the plug-in.
  const char* abi;
  /// Adds the plug-in's components.
  void (*add_components)(plugin_registrar&);
};

} // namespace caps

/// Makes a library a plug-in: once per library, outside of all namespaces,
/// with a function that takes a `caps::plugin_registrar&`. What it throws is
/// told to the user.
#define CAPS_PLUGIN(add_components)                                            \
  extern "C" __attribute__((visibility("default"))) const caps::plugin_entry*  \
  caps_plugin() {                                                              \
    static const caps::plugin_entry entry{caps::plugin_abi, add_components};   \
    return &entry;                                                             \
  }
