#pragma once

#include "messages/types.hpp"
#include "tests/messages/support.hpp"

#include <limits>
#include <tuple>

// For every message type of this project a sample with no field at its
// default, and its fields one by one. A field that is added to a struct breaks
// the structured binding here until the sample and the comparison know it.

namespace caps::test {

/// Handles for samples to refer to.
struct sample_actors {
  caf::actor first;
  caf::actor second;
};

template <class T>
T sample(const sample_actors&);

template <>
inline acquaintance sample(const sample_actors& actors) {
  return {4, actors.first};
}

inline auto fields(const acquaintance& x) {
  const auto& [id, handle] = x;
  return std::tuple{id, handle};
}

template <>
inline edge_record sample(const sample_actors&) {
  return {5, 1 << 30, 17, 2};
}

inline auto fields(const edge_record& x) {
  const auto& [peer, bytes_sent, messages_sent, missed] = x;
  return std::tuple{peer, bytes_sent, messages_sent, missed};
}

/// The fields of each.
template <class T>
auto fields(const std::vector<T>& xs) {
  std::vector<decltype(fields(xs.front()))> result;
  for (const auto& x : xs)
    result.push_back(fields(x));
  return result;
}

template <>
inline tensor_payload sample(const sample_actors&) {
  return make_payload<double>(element_type::float64, {2, 2}, {1, -2, 3, 1e9});
}

inline auto fields(const tensor_payload& x) {
  return std::tuple{to_string(x), x};
}

template <>
inline message_stamp sample(const sample_actors&) {
  return {7, -1, std::numeric_limits<uint64_t>::max(), 12};
}

inline auto fields(const message_stamp& x) {
  const auto& [source, step, sequence, version] = x;
  return std::tuple{source, step, sequence, version};
}

template <>
inline parameters sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors), sample<tensor_payload>(actors)};
}

inline auto fields(const parameters& x) {
  const auto& [stamp, weights] = x;
  return std::tuple{fields(stamp), weights};
}

template <>
inline dual sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors), sample<tensor_payload>(actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const dual& x) {
  const auto& [stamp, dual_vector, weights] = x;
  return std::tuple{fields(stamp), dual_vector, weights};
}

template <>
inline node_report sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors), 77, sample<tensor_payload>(actors)};
}

inline auto fields(const node_report& x) {
  const auto& [stamp, time, weights] = x;
  return std::tuple{fields(stamp), time, weights};
}

template <>
inline node_event sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors), -1, "dropped a late message"};
}

inline auto fields(const node_event& x) {
  const auto& [stamp, time, text] = x;
  return std::tuple{fields(stamp), time, text};
}

template <>
inline node_snapshot sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors),
          3,
          true,
          5'000'000'000,
          0.25,
          0.75,
          1 << 20,
          99,
          {sample<edge_record>(actors)},
          sample<tensor_payload>(actors),
          make_payload<float>(element_type::float32, {1}, {2.5f})};
}

inline auto fields(const node_snapshot& x) {
  const auto& [stamp, epoch, final, time, train_loss, train_accuracy,
               bytes_sent, messages_sent, edges, weights, buffers]
    = x;
  return std::tuple{fields(stamp), epoch,          final,      time,
                    train_loss,    train_accuracy, bytes_sent, messages_sent,
                    fields(edges), weights,        buffers};
}

template <>
inline node_finished sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors)};
}

inline auto fields(const node_finished& x) {
  const auto& [stamp] = x;
  return fields(stamp);
}

template <>
inline node_failed sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors), 8, "node 7 \"fell\" ünhappily\n"};
}

inline auto fields(const node_failed& x) {
  const auto& [stamp, code, text] = x;
  return std::tuple{fields(stamp), code, text};
}

template <>
inline progress sample(const sample_actors& actors) {
  return {sample<message_stamp>(actors)};
}

inline auto fields(const progress& x) {
  const auto& [stamp] = x;
  return fields(stamp);
}

template <>
inline start_training sample(const sample_actors&) {
  return {};
}

inline auto fields(const start_training&) {
  return std::tuple{};
}

template <>
inline stop_training sample(const sample_actors&) {
  return {};
}

inline auto fields(const stop_training&) {
  return std::tuple{};
}

template <>
inline introductions sample(const sample_actors& actors) {
  return {{{1, actors.first}, {2, actors.second}}, actors.second, actors.first};
}

inline auto fields(const introductions& x) {
  const auto& [neighbours, coordinator, evaluator] = x;
  return std::tuple{fields(neighbours), coordinator, evaluator};
}

template <>
inline process_joined sample(const sample_actors& actors) {
  return {2, 4711, 65535, 1ull << 63, actors.first, {{0, actors.second}}};
}

inline auto fields(const process_joined& x) {
  const auto& [process, pid, port, layout, host, nodes] = x;
  return std::tuple{process, pid, port, layout, host, fields(nodes)};
}

template <>
inline process_lost sample(const sample_actors&) {
  return {1, "was killed by signal 9"};
}

inline auto fields(const process_lost& x) {
  const auto& [process, text] = x;
  return std::tuple{process, text};
}

template <>
inline wiring sample(const sample_actors& actors) {
  return {{1, 65535}, {{0, actors.first}}, actors.second, actors.first};
}

inline auto fields(const wiring& x) {
  const auto& [ports, nodes, coordinator, evaluator] = x;
  return std::tuple{ports, fields(nodes), coordinator, evaluator};
}

template <>
inline run_over sample(const sample_actors&) {
  return {-5, "over"};
}

inline auto fields(const run_over& x) {
  const auto& [code, text] = x;
  return std::tuple{code, text};
}

} // namespace caps::test
