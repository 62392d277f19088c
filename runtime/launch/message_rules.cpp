#include "runtime/launch/message_rules.hpp"

#include "messages/compressed.hpp"
#include "messages/membership.hpp"
#include "messages/run_control.hpp"
#include "messages/traced_message.hpp"
#include "messages/types.hpp"
#include "messages/with_buffers.hpp"

#include <caf/type_id.hpp>

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace caps {

namespace {

template <class... Ts>
bool is_any(const caf::message& x) {
  return (x.match_elements<Ts>() || ...);
}

/// The node that a message of this kind speaks for, if it is of this kind.
template <class T>
bool speaker(const caf::message& x, std::optional<node_id>& result) {
  if (!x.match_elements<T>())
    return false;
  result = x.get_as<T>(0).stamp.source;
  return true;
}

template <class... Ts>
std::optional<node_id> speaker_of(const caf::message& x) {
  std::optional<node_id> result;
  (speaker<Ts>(x, result) || ...);
  return result;
}

/// The process that a message of this kind speaks for, if it is of this kind.
std::optional<uint32_t> process_of(const caf::message& x) {
  if (x.match_elements<process_joined>())
    return x.get_as<process_joined>(0).process;
  if (x.match_elements<process_wired>())
    return x.get_as<process_wired>(0).process;
  if (x.match_elements<link_report>())
    return x.get_as<link_report>(0).process;
  return std::nullopt;
}

/// The node that a message between nodes says it is from; messages of plug-ins
/// are not looked into.
std::optional<node_id> sender_of(const caf::message& x) {
  return speaker_of<
    parameters, dual, weighted_parameters, tracked_parameters,
    compressed_difference, compressed_gradient, partial_parameters, gradient,
    pull, sent_in_view, traced_message, state_transfer,
    with_buffers<parameters>, with_buffers<dual>,
    with_buffers<weighted_parameters>, with_buffers<tracked_parameters>,
    with_buffers<compressed_difference>, with_buffers<partial_parameters>>(x);
}

/// The message between nodes that this one is put around; null for none.
const caf::message* message_within(const caf::message& x) {
  if (x.match_elements<sent_in_view>())
    return &x.get_as<sent_in_view>(0).content;
  if (x.match_elements<traced_message>())
    return &x.get_as<traced_message>(0).content;
  return nullptr;
}

/// Of the head's actors besides the hub: its name, and the node that a message
/// which it takes speaks for.
std::pair<const char*, std::optional<node_id>>
speaker_to(node_id receiver, const caf::message& x) {
  if (receiver == to_evaluator)
    return {"evaluator",
            speaker_of<node_snapshot, node_report, node_away, node_back>(x)};
  if (receiver == to_membership)
    return {"membership", speaker_of<view_bound, node_begun, node_returns>(x)};
  return {
    "coordinator",
    speaker_of<progress, node_event, node_metrics, node_finished, node_failed>(
      x)};
}

/// What the head says to nodes, and nobody else.
bool is_order(const caf::message& x) {
  return is_any<start_training, stop_training, worker_lost, view_proposal,
                node_view, crash_now, pause_node, resume_node, give_up,
                part_links, join_links>(x);
}

/// A node that a process has no say over, but tells of in a report of its
/// links.
std::optional<node_id> stranger_in(const placement& where, size_t process,
                                   const caf::message& x) {
  if (!x.match_elements<link_report>())
    return std::nullopt;
  const auto& report = x.get_as<link_report>(0);
  for (const auto& y : report.sent)
    if (!where.lives_in(y.from, process) || !where.has(y.to))
      return y.from;
  for (const auto& y : report.received)
    if (!where.lives_in(y.to, process) || !where.has(y.from))
      return y.to;
  return std::nullopt;
}

std::string in_the_name_of(node_id node) {
  return fmt::format("a message in the name of node {}, which lives elsewhere",
                     node);
}

std::string not_for(const char* receiver) {
  return fmt::format("a message that is not for the {}", receiver);
}

} // namespace

std::string refusal_at_head(const placement& where, size_t process, node_id to,
                            const caf::message& content) {
  if (to == to_hub) {
    auto claimed = process_of(content);
    if (!claimed)
      return not_for("hub");
    if (*claimed != process)
      return fmt::format("a message in the name of process {}", *claimed);
    auto stranger = stranger_in(where, process, content);
    return stranger ? in_the_name_of(*stranger) : "";
  }
  auto [name, node] = speaker_to(to, content);
  if (!node)
    return not_for(name);
  return where.lives_in(*node, process) ? "" : in_the_name_of(*node);
}

std::string refusal_at_process(const placement& where, size_t process,
                               node_id from, node_id to,
                               const caf::message& content) {
  auto from_head = process == where.processes();
  if (from_head) {
    auto known = to == to_host ? is_any<all_joined, run_over>(content)
                               : is_order(content);
    return known ? "" : not_for(to == to_host ? "host" : "node");
  }
  if (to == to_host)
    return "a message for the host, which only listens to the head of the run";
  auto speaker = sender_of(content).value_or(from);
  if (!where.lives_in(from, process) || speaker != from)
    return in_the_name_of(speaker);
  if (is_order(content)
      || is_any<deadline_tick, all_joined, run_over, process_joined,
                process_wired, process_lost, link_report>(content))
    return "a message that only the head of the run may send";
  if (auto inner = message_within(content))
    return refusal_at_process(where, process, from, to, *inner);
  return {};
}

} // namespace caps
