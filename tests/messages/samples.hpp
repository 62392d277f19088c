#pragma once

#include "messages/compressed.hpp"
#include "messages/membership.hpp"
#include "messages/run_control.hpp"
#include "messages/types.hpp"
#include "messages/with_buffers.hpp"
#include "tests/messages/support.hpp"

#include <limits>
#include <tuple>

// For every message type of this project a sample with no field at its
// default, and its fields one by one. A type that has none fails the test of
// types.hpp; a field that is added to a struct breaks the structured binding
// here until the sample and the comparison know it.

namespace caps::test {

/// Handles for samples to refer to.
struct sample_actors {
  caf::actor first;
  caf::actor second;
};

/// Chooses the message type to make a sample of.
template <class T>
struct of {};

inline metric_value sample(of<metric_value>, const sample_actors&) {
  return {"staleness", "worker 2", 3, -0.0};
}

inline auto fields(const metric_value& x) {
  const auto& [name, of, at, value] = x;
  return std::tuple{name, of, at, value};
}

inline edge_record sample(of<edge_record>, const sample_actors&) {
  return {5, 1 << 30, 17, 2};
}

inline auto fields(const edge_record& x) {
  const auto& [peer, bytes_sent, messages_sent, missed] = x;
  return std::tuple{peer, bytes_sent, messages_sent, missed};
}

inline weighted_peer sample(of<weighted_peer>, const sample_actors&) {
  return {3, 0.25};
}

inline auto fields(const weighted_peer& x) {
  const auto& [id, weight] = x;
  return std::tuple{id, weight};
}

inline sent_on_edge sample(of<sent_on_edge>, const sample_actors&) {
  return {1, 2, 1ull << 40, 4, 5, 6, 7};
}

inline auto fields(const sent_on_edge& x) {
  const auto& [from, to, bytes, messages, waiting, replaced, again] = x;
  return std::tuple{from, to, bytes, messages, waiting, replaced, again};
}

inline received_on_edge sample(of<received_on_edge>, const sample_actors&) {
  return {2, 1, 0.5, std::numeric_limits<double>::infinity()};
}

inline auto fields(const received_on_edge& x) {
  const auto& [from, to, median, p99] = x;
  return std::tuple{from, to, median, p99};
}

/// The fields of each.
template <class T>
auto fields(const std::vector<T>& xs) {
  std::vector<decltype(fields(xs.front()))> result;
  for (const auto& x : xs)
    result.push_back(fields(x));
  return result;
}

inline tensor_payload sample(of<tensor_payload>, const sample_actors&) {
  return make_payload<double>(element_type::float64, {2, 2}, {1, -2, 3, 1e9});
}

inline auto fields(const tensor_payload& x) {
  return std::tuple{to_string(x), x};
}

inline message_stamp sample(of<message_stamp>, const sample_actors&) {
  return {7, -1, std::numeric_limits<uint64_t>::max(), 12};
}

inline auto fields(const message_stamp& x) {
  const auto& [source, step, sequence, version] = x;
  return std::tuple{source, step, sequence, version};
}

inline parameters sample(of<parameters>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          sample(of<tensor_payload>{}, actors)};
}

inline auto fields(const parameters& x) {
  const auto& [stamp, weights] = x;
  return std::tuple{fields(stamp), weights};
}

inline dual sample(of<dual>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          sample(of<tensor_payload>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const dual& x) {
  const auto& [stamp, dual_vector, weights] = x;
  return std::tuple{fields(stamp), dual_vector, weights};
}

inline weighted_parameters sample(of<weighted_parameters>,
                                  const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          sample(of<tensor_payload>{}, actors), 0.25};
}

inline auto fields(const weighted_parameters& x) {
  const auto& [stamp, weights, weight] = x;
  return std::tuple{fields(stamp), weights, weight};
}

inline tracked_parameters sample(of<tracked_parameters>,
                                 const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          sample(of<tensor_payload>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const tracked_parameters& x) {
  const auto& [stamp, weights, tracker] = x;
  return std::tuple{fields(stamp), weights, tracker};
}

inline compressed_payload sample(of<compressed_payload>,
                                 const sample_actors& actors) {
  return {1,
          77,
          sample(of<tensor_payload>{}, actors),
          make_payload<uint8_t>(element_type::uint8, {2}, {3, 4}),
          make_payload<float>(element_type::float32, {1}, {2.5f}),
          256,
          99};
}

inline auto fields(const compressed_payload& x) {
  const auto& [kind, numel, values, indices, scales, block, seed] = x;
  return std::tuple{kind, numel, values, indices, scales, block, seed};
}

inline compressed_difference sample(of<compressed_difference>,
                                    const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          sample(of<compressed_payload>{}, actors)};
}

inline auto fields(const compressed_difference& x) {
  const auto& [stamp, content] = x;
  return std::tuple{fields(stamp), fields(content)};
}

inline compressed_gradient sample(of<compressed_gradient>,
                                  const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          0.5,
          31,
          32,
          sample(of<compressed_payload>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const compressed_gradient& x) {
  const auto& [stamp, loss, correct, samples, values, buffers] = x;
  return std::tuple{fields(stamp), loss,           correct,
                    samples,       fields(values), buffers};
}

inline partial_parameters sample(of<partial_parameters>,
                                 const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), 41,
          sample(of<compressed_payload>{}, actors)};
}

inline auto fields(const partial_parameters& x) {
  const auto& [stamp, base, content] = x;
  return std::tuple{fields(stamp), base, fields(content)};
}

template <class Message>
with_buffers<Message> sample(of<with_buffers<Message>>,
                             const sample_actors& actors) {
  return {sample(of<Message>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

template <class Message>
auto fields(const with_buffers<Message>& x) {
  return std::tuple{fields(static_cast<const Message&>(x)), x.buffers};
}

inline gradient sample(of<gradient>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          0.5,
          31,
          32,
          sample(of<tensor_payload>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const gradient& x) {
  const auto& [stamp, loss, correct, samples, values, buffers] = x;
  return std::tuple{fields(stamp), loss, correct, samples, values, buffers};
}

inline pull sample(of<pull>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors)};
}

inline auto fields(const pull& x) {
  const auto& [stamp] = x;
  return fields(stamp);
}

inline worker_lost sample(of<worker_lost>, const sample_actors&) {
  return {3, "its process is gone"};
}

inline auto fields(const worker_lost& x) {
  const auto& [worker, text] = x;
  return std::tuple{worker, text};
}

inline node_metrics sample(of<node_metrics>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          2,
          55,
          {sample(of<metric_value>{}, actors)}};
}

inline auto fields(const node_metrics& x) {
  const auto& [stamp, epoch, time, values] = x;
  return std::tuple{fields(stamp), epoch, time, fields(values)};
}

inline node_report sample(of<node_report>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), 77,
          sample(of<tensor_payload>{}, actors)};
}

inline auto fields(const node_report& x) {
  const auto& [stamp, time, weights] = x;
  return std::tuple{fields(stamp), time, weights};
}

inline node_event sample(of<node_event>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), -1, "dropped a late message"};
}

inline auto fields(const node_event& x) {
  const auto& [stamp, time, text] = x;
  return std::tuple{fields(stamp), time, text};
}

inline node_snapshot sample(of<node_snapshot>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          3,
          true,
          true,
          5'000'000'000,
          0.25,
          0.75,
          0.125,
          1 << 20,
          99,
          {sample(of<edge_record>{}, actors)},
          sample(of<tensor_payload>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const node_snapshot& x) {
  const auto& [stamp, epoch, final, crashed, time, train_loss, train_accuracy,
               learning_rate, bytes_sent, messages_sent, edges, weights,
               buffers]
    = x;
  return std::tuple{fields(stamp), epoch,      final,          crashed,
                    time,          train_loss, train_accuracy, learning_rate,
                    bytes_sent,    messages_sent, fields(edges), weights,
                    buffers};
}

inline node_finished sample(of<node_finished>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors)};
}

inline auto fields(const node_finished& x) {
  const auto& [stamp] = x;
  return fields(stamp);
}

inline node_failed sample(of<node_failed>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), 8,
          "node 7 \"fell\" ünhappily\n"};
}

inline auto fields(const node_failed& x) {
  const auto& [stamp, code, text] = x;
  return std::tuple{fields(stamp), code, text};
}

inline progress sample(of<progress>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors)};
}

inline auto fields(const progress& x) {
  const auto& [stamp] = x;
  return fields(stamp);
}

inline start_training sample(of<start_training>, const sample_actors&) {
  return {7};
}

inline auto fields(const start_training& x) {
  const auto& [elapsed] = x;
  return std::tuple{elapsed};
}

inline stop_training sample(of<stop_training>, const sample_actors&) {
  return {};
}

inline auto fields(const stop_training&) {
  return std::tuple{};
}

inline deadline_tick sample(of<deadline_tick>, const sample_actors&) {
  return {};
}

inline auto fields(const deadline_tick&) {
  return std::tuple{};
}

inline run_identity sample(of<run_identity>, const sample_actors&) {
  return {"1.0", 1ull << 63, 12, {"mine 0123", "yours 4567"}};
}

inline auto fields(const run_identity& x) {
  const auto& [version, layout, data, plugins] = x;
  return std::tuple{version, layout, data, plugins};
}

inline process_joined sample(of<process_joined>, const sample_actors& actors) {
  return {2, 4711, sample(of<run_identity>{}, actors)};
}

inline auto fields(const process_joined& x) {
  const auto& [process, pid, identity] = x;
  return std::tuple{process, pid, fields(identity)};
}

inline all_joined sample(of<all_joined>, const sample_actors&) {
  return {};
}

inline auto fields(const all_joined&) {
  return std::tuple{};
}

inline process_wired sample(of<process_wired>, const sample_actors&) {
  return {3};
}

inline auto fields(const process_wired& x) {
  const auto& [process] = x;
  return std::tuple{process};
}

inline link_report sample(of<link_report>, const sample_actors& actors) {
  return {2,
          {sample(of<sent_on_edge>{}, actors)},
          {sample(of<received_on_edge>{}, actors)},
          3};
}

inline auto fields(const link_report& x) {
  const auto& [process, sent, received, life] = x;
  return std::tuple{process, fields(sent), fields(received), life};
}

inline process_lost sample(of<process_lost>, const sample_actors&) {
  return {1, "was killed by signal 9"};
}

inline auto fields(const process_lost& x) {
  const auto& [process, text] = x;
  return std::tuple{process, text};
}

inline run_over sample(of<run_over>, const sample_actors&) {
  return {-5, "over"};
}

inline auto fields(const run_over& x) {
  const auto& [code, text] = x;
  return std::tuple{code, text};
}

inline node_view sample(of<node_view>, const sample_actors& actors) {
  return {4,      17,  {0, 2, 3}, {sample(of<weighted_peer>{}, actors)},
          {2, 3}, 0.5, {3},       true,
          true,   2,   {5}};
}

inline auto fields(const node_view& x) {
  const auto& [number, from_step, living, in, out, self_weight, renewed, begins,
               ends, donor, receivers]
    = x;
  return std::tuple{number, from_step,   living,   fields(in),
                    out,    self_weight, renewed,  begins,
                    ends,   donor,       receivers};
}

inline view_proposal sample(of<view_proposal>, const sample_actors&) {
  return {5, {1, 2}};
}

inline auto fields(const view_proposal& x) {
  const auto& [number, gone] = x;
  return std::tuple{number, gone};
}

inline view_bound sample(of<view_bound>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), 7, 8, true};
}

inline auto fields(const view_bound& x) {
  const auto& [stamp, number, step, finished] = x;
  return std::tuple{fields(stamp), number, step, finished};
}

inline state_transfer sample(of<state_transfer>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          7,
          sample(of<tensor_payload>{}, actors),
          make_payload<float>(element_type::float32, {1}, {2.5f}),
          {make_payload<uint8_t>(element_type::uint8, {2}, {7, 255})},
          99};
}

inline auto fields(const state_transfer& x) {
  const auto& [stamp, view, weights, buffers, rest, digest] = x;
  return std::tuple{fields(stamp),   view, fields(weights),
                    fields(buffers), rest, digest};
}

inline sent_in_view sample(of<sent_in_view>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          caf::make_message(sample(of<parameters>{}, actors))};
}

inline auto fields(const sent_in_view& x) {
  const auto& [stamp, content] = x;
  return std::tuple{fields(stamp), fields(content.get_as<parameters>(0))};
}

inline traced_message sample(of<traced_message>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors),
          true,
          1 << 20,
          17,
          4711,
          caf::make_message(sample(of<parameters>{}, actors))};
}

inline auto fields(const traced_message& x) {
  const auto& [stamp, versioned, bytes, digest, cause, content] = x;
  return std::tuple{fields(stamp), versioned,
                    bytes,         digest,
                    cause,         fields(content.get_as<parameters>(0))};
}

inline crash_now sample(of<crash_now>, const sample_actors&) {
  return {true};
}

inline auto fields(const crash_now& x) {
  const auto& [returns] = x;
  return std::tuple{returns};
}

inline pause_node sample(of<pause_node>, const sample_actors&) {
  return {};
}

inline auto fields(const pause_node&) {
  return std::tuple{};
}

inline resume_node sample(of<resume_node>, const sample_actors&) {
  return {};
}

inline auto fields(const resume_node&) {
  return std::tuple{};
}

inline give_up sample(of<give_up>, const sample_actors&) {
  return {};
}

inline auto fields(const give_up&) {
  return std::tuple{};
}

inline part_links sample(of<part_links>, const sample_actors&) {
  return {{1, 7}};
}

inline auto fields(const part_links& x) {
  const auto& [peers] = x;
  return std::tuple{peers};
}

inline join_links sample(of<join_links>, const sample_actors&) {
  return {{1, 7}};
}

inline auto fields(const join_links& x) {
  const auto& [peers] = x;
  return std::tuple{peers};
}

inline process_gone sample(of<process_gone>, const sample_actors&) {
  return {{1, 7}, "process 1 was killed"};
}

inline auto fields(const process_gone& x) {
  const auto& [nodes, text] = x;
  return std::tuple{nodes, text};
}

inline process_returned sample(of<process_returned>, const sample_actors&) {
  return {{1, 7}};
}

inline auto fields(const process_returned& x) {
  const auto& [nodes] = x;
  return std::tuple{nodes};
}

inline node_begun sample(of<node_begun>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), 7};
}

inline auto fields(const node_begun& x) {
  const auto& [stamp, view] = x;
  return std::tuple{fields(stamp), view};
}

inline node_returns sample(of<node_returns>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors)};
}

inline auto fields(const node_returns& x) {
  const auto& [stamp] = x;
  return std::tuple{fields(stamp)};
}

inline node_away sample(of<node_away>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), true};
}

inline auto fields(const node_away& x) {
  const auto& [stamp, forgets] = x;
  return std::tuple{fields(stamp), forgets};
}

inline node_back sample(of<node_back>, const sample_actors& actors) {
  return {sample(of<message_stamp>{}, actors), 7};
}

inline auto fields(const node_back& x) {
  const auto& [stamp, epoch] = x;
  return std::tuple{fields(stamp), epoch};
}

} // namespace caps::test
