#pragma once

#include "messages/fwd.hpp"

#include <caf/fwd.hpp>
#include <caf/type_id.hpp>

#include <vector>

// CAF 0.17 sends type names, not numbers, so the order below may change.
CAF_BEGIN_TYPE_ID_BLOCK(caps_messages, first_custom_type_id)

  CAF_ADD_TYPE_ID(caps_messages, (caps::tensor_payload))
  CAF_ADD_TYPE_ID(caps_messages, (caps::message_stamp))
  CAF_ADD_TYPE_ID(caps_messages, (caps::parameters))
  CAF_ADD_TYPE_ID(caps_messages, (caps::dual))
  CAF_ADD_TYPE_ID(caps_messages, (caps::weighted_parameters))
  CAF_ADD_TYPE_ID(caps_messages, (caps::tracked_parameters))
  CAF_ADD_TYPE_ID(caps_messages, (caps::compressed_payload))
  CAF_ADD_TYPE_ID(caps_messages, (caps::compressed_difference))
  CAF_ADD_TYPE_ID(caps_messages, (caps::compressed_gradient))
  CAF_ADD_TYPE_ID(caps_messages, (caps::partial_parameters))
  CAF_ADD_TYPE_ID(caps_messages, (caps::with_buffers<caps::parameters>))
  CAF_ADD_TYPE_ID(caps_messages, (caps::with_buffers<caps::dual>))
  CAF_ADD_TYPE_ID(caps_messages,
                  (caps::with_buffers<caps::weighted_parameters>))
  CAF_ADD_TYPE_ID(caps_messages, (caps::with_buffers<caps::tracked_parameters>))
  CAF_ADD_TYPE_ID(caps_messages,
                  (caps::with_buffers<caps::compressed_difference>))
  CAF_ADD_TYPE_ID(caps_messages, (caps::with_buffers<caps::partial_parameters>))
  CAF_ADD_TYPE_ID(caps_messages, (caps::gradient))
  CAF_ADD_TYPE_ID(caps_messages, (caps::pull))
  CAF_ADD_TYPE_ID(caps_messages, (caps::worker_lost))
  CAF_ADD_TYPE_ID(caps_messages, (caps::metric_value))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_metrics))
  CAF_ADD_TYPE_ID(caps_messages, (caps::edge_record))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_report))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_event))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_snapshot))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_finished))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_failed))
  CAF_ADD_TYPE_ID(caps_messages, (caps::progress))
  CAF_ADD_TYPE_ID(caps_messages, (caps::start_training))
  CAF_ADD_TYPE_ID(caps_messages, (caps::stop_training))
  CAF_ADD_TYPE_ID(caps_messages, (caps::deadline_tick))
  CAF_ADD_TYPE_ID(caps_messages, (caps::run_identity))
  CAF_ADD_TYPE_ID(caps_messages, (caps::process_joined))
  CAF_ADD_TYPE_ID(caps_messages, (caps::all_joined))
  CAF_ADD_TYPE_ID(caps_messages, (caps::process_wired))
  CAF_ADD_TYPE_ID(caps_messages, (caps::process_lost))
  CAF_ADD_TYPE_ID(caps_messages, (caps::run_over))
  CAF_ADD_TYPE_ID(caps_messages, (caps::sent_on_edge))
  CAF_ADD_TYPE_ID(caps_messages, (caps::received_on_edge))
  CAF_ADD_TYPE_ID(caps_messages, (caps::link_report))
  CAF_ADD_TYPE_ID(caps_messages, (caps::weighted_peer))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_view))
  CAF_ADD_TYPE_ID(caps_messages, (caps::view_proposal))
  CAF_ADD_TYPE_ID(caps_messages, (caps::view_bound))
  CAF_ADD_TYPE_ID(caps_messages, (caps::sent_in_view))
  CAF_ADD_TYPE_ID(caps_messages, (caps::state_transfer))
  CAF_ADD_TYPE_ID(caps_messages, (caps::crash_now))
  CAF_ADD_TYPE_ID(caps_messages, (caps::pause_node))
  CAF_ADD_TYPE_ID(caps_messages, (caps::resume_node))
  CAF_ADD_TYPE_ID(caps_messages, (caps::give_up))
  CAF_ADD_TYPE_ID(caps_messages, (caps::part_links))
  CAF_ADD_TYPE_ID(caps_messages, (caps::join_links))
  CAF_ADD_TYPE_ID(caps_messages, (caps::process_gone))
  CAF_ADD_TYPE_ID(caps_messages, (caps::process_returned))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_begun))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_returns))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_away))
  CAF_ADD_TYPE_ID(caps_messages, (caps::node_back))

CAF_END_TYPE_ID_BLOCK(caps_messages)
