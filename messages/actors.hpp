#pragma once

#include "messages/compressed.hpp"
#include "messages/membership.hpp"
#include "messages/run_control.hpp"
#include "messages/traced_message.hpp"
#include "messages/types.hpp"
#include "messages/with_buffers.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

// The interfaces of all actors of a run. A protocol may exchange further
// messages of its own between nodes; what stands here is what everybody can
// rely on.

namespace caps {

/// A node: trains by a protocol.
using peer_actor = caf::typed_actor<
  // Learns how to reach its neighbours and its run; comes first.
  caf::reacts_to<introductions>,
  // Begins training.
  caf::reacts_to<start_training>,
  // Ends training after the update at hand.
  caf::reacts_to<stop_training>,
  // Takes the parameters of a neighbour.
  caf::reacts_to<parameters>,
  // Takes the dual variable of an edge.
  caf::reacts_to<dual>,
  // Takes a part of a neighbour's sums.
  caf::reacts_to<weighted_parameters>,
  // Takes the parameters and the gradient tracker of a neighbour.
  caf::reacts_to<tracked_parameters>,
  // Takes the change of a neighbour's public copy.
  caf::reacts_to<compressed_difference>,
  // Takes what a neighbour's, or a server's, parameters changed.
  caf::reacts_to<partial_parameters>,
  // Take any of these with the neighbour's buffers.
  caf::reacts_to<with_buffers<parameters>>,
  caf::reacts_to<with_buffers<dual>>,
  caf::reacts_to<with_buffers<weighted_parameters>>,
  caf::reacts_to<with_buffers<tracked_parameters>>,
  caf::reacts_to<with_buffers<compressed_difference>>,
  caf::reacts_to<with_buffers<partial_parameters>>>;

/// Starts the nodes of a run and decides when it is over.
using coordinator_actor = caf::typed_actor<
  // Starts all nodes.
  caf::reacts_to<start_training>,
  // Counts the steps made.
  caf::reacts_to<progress>,
  // Counts the node as done; the run is over when all are.
  caf::reacts_to<node_finished>,
  // Passes on what happened at a node.
  caf::reacts_to<node_event>,
  // Passes on what a node's protocol measured.
  caf::reacts_to<node_metrics>,
  // Stops the run with an error.
  caf::reacts_to<node_failed>,
  // Stops the run early, keeping what was computed.
  caf::reacts_to<stop_training>,
  // Nodes that were told to stop have had their time.
  caf::reacts_to<caf::timeout_atom>>;

/// Measures the nodes' parameters on held-out data.
using evaluator_actor = caf::typed_actor<
  // Evaluates the parameters; reports a row per node once every node has
  // reached the epoch.
  caf::reacts_to<node_snapshot>,
  // Measures how far the nodes are apart once all have sent this round's.
  caf::reacts_to<node_report>,
  // Waits for the node no more, until it is back.
  caf::reacts_to<node_away>,
  // Waits for it again.
  caf::reacts_to<node_back>,
  // Reports the rows that still wait for other nodes.
  caf::replies_to<caf::flush_atom>::with<caf::ok_atom>>;

/// Sees to it that all nodes of a run agree on who takes part.
using membership_actor = caf::typed_actor<
  // The run begins; so does the time of its faults.
  caf::reacts_to<start_training>,
  // A node has made its last step.
  caf::reacts_to<node_finished>,
  // A node says how far it may get without the next view.
  caf::reacts_to<view_bound>,
  // A node has begun with the state of another one.
  caf::reacts_to<node_begun>,
  // A node wants to be back.
  caf::reacts_to<node_returns>,
  // A process is gone.
  caf::reacts_to<process_gone>,
  // It is there again.
  caf::reacts_to<process_returned>,
  // The run is to end; those who cannot hear that have ended.
  caf::reacts_to<stop_training>,
  // Time for the next fault, or for what it leads to.
  caf::reacts_to<caf::tick_atom>>;

/// Represents one process of a run that is spread over several.
using host_actor = caf::typed_actor<
  // Introduces the nodes that live here to their neighbours.
  caf::reacts_to<all_joined>,
  // The run is over; the process may end.
  caf::reacts_to<run_over>>;

/// Brings the processes of a run together.
using hub_actor = caf::typed_actor<
  // Takes in a process; once all are there, their nodes are introduced.
  caf::reacts_to<process_joined>,
  // Counts a process as introduced; once all are, the run starts.
  caf::reacts_to<process_wired>,
  // Passes on what went over the links of a process.
  caf::reacts_to<link_report>,
  // A process is gone: the run stops, or goes on without its nodes.
  caf::reacts_to<process_lost>,
  // Stops the run early, keeping what was computed.
  caf::reacts_to<stop_training>,
  // Tells all processes that the run is over.
  caf::reacts_to<run_over>,
  // Processes have had their time to join.
  caf::reacts_to<caf::timeout_atom>>;

/// Registers all messages and errors of this project; call before the actor
/// system is created.
void add_messages(caf::actor_system_config& config);

} // namespace caps
