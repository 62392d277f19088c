#pragma once

#include <cstdint>

namespace caps {

/// Number of a node in a run, from 0.
using node_id = int32_t;

/// The id of what is no node: coordinator, evaluator.
constexpr node_id no_node = -1;

class tensor_payload;

struct message_stamp;
struct parameters;
struct dual;
struct weighted_parameters;
struct tracked_parameters;
struct compressed_payload;
struct compressed_difference;
struct compressed_gradient;
struct partial_parameters;
struct gradient;
struct pull;
struct worker_lost;
struct weighted_peer;
struct node_view;
struct view_proposal;
struct view_bound;
struct state_transfer;
struct sent_in_view;
struct traced_message;
struct crash_now;
struct pause_node;
struct resume_node;
struct give_up;
struct part_links;
struct join_links;
struct process_gone;
struct process_returned;
struct node_begun;
struct node_returns;
struct node_away;
struct node_back;
struct metric_value;
struct node_metrics;
struct edge_record;
struct node_report;
struct node_event;
struct node_snapshot;
struct node_finished;
struct node_failed;
struct progress;
struct start_training;
struct stop_training;
struct deadline_tick;
struct acquaintance;
struct introductions;
struct run_identity;
struct process_joined;
struct all_joined;
struct process_wired;
struct process_lost;
struct run_over;
struct sent_on_edge;
struct received_on_edge;
struct link_report;

template <class Message>
struct with_buffers;

} // namespace caps
