#include "runtime/recording/copied_start.hpp"

#include "runtime/recording/stored_state.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

namespace caps {

namespace {

/// Bytes, and events, between two commits.
constexpr size_t bytes_at_a_time = size_t{8} << 20;
constexpr int64_t events_at_a_time = 100'000;

int64_t integer(query& row, int column) {
  return row.integer(column).value_or(0);
}

node_id node_at(query& row, int column) {
  return static_cast<node_id>(row.integer(column).value_or(no_node));
}

std::span<const std::byte> bytes_of(const std::string& x) {
  return std::as_bytes(std::span{x});
}

void copy_metrics(recording_file& original, int64_t last,
                  recording_writer& copy) {
  query rows{original, "SELECT sequence, time, node, epoch, step, name, value "
                       "FROM metric WHERE sequence <= ? ORDER BY id"};
  rows.bind(last);
  while (rows.next())
    copy.add(metric_row{integer(rows, 0), integer(rows, 1), node_at(rows, 2),
                        rows.integer(3), rows.integer(4), rows.text(5),
                        rows.real(6)});
}

void copy_notes(recording_file& original, int64_t last,
                recording_writer& copy) {
  query rows{original, "SELECT sequence, time, node, kind, text FROM note "
                       "WHERE sequence <= ? ORDER BY id"};
  rows.bind(last);
  while (rows.next())
    copy.add(note_row{integer(rows, 0), integer(rows, 1), node_at(rows, 2),
                      rows.text(3) == "failure", rows.text(4)});
}

} // namespace

copied_start copy_start_of(recording_file& original, int64_t last,
                           recording_writer& copy,
                           const std::function<void()>& pause) {
  copied_start result;
  event_rows events{original};
  while (result.last.sequence < last && events.next(result.last)) {
    copy.add(result.last);
    result.message_bytes += static_cast<size_t>(result.last.bytes);
    if (result.last.sequence % events_at_a_time == 0)
      pause();
  }
  copy_metrics(original, last, copy);
  copy_notes(original, last, copy);
  int64_t newest_state = 0;
  query snapshots{original,
                  "SELECT id FROM snapshot WHERE sequence <= ? ORDER BY id"};
  snapshots.bind(last);
  while (snapshots.next()) {
    auto x = read_snapshot(original, integer(snapshots, 0));
    auto node = static_cast<node_id>(x.node);
    copy.add(recording_writer::snapshot_row{x.sequence, node, x.step, x.epoch,
                                            x.kind, x.content,
                                            bytes_of(x.bytes)});
    if (x.content == run_state_encoding) {
      result.state_bytes += x.bytes.size();
      if (newest_state != x.sequence)
        result.last_state_bytes = 0;
      newest_state = x.sequence;
      result.last_state_bytes += x.bytes.size();
    } else {
      result.last_steps[node] = x.step;
    }
    if (copy.uncommitted_bytes() > bytes_at_a_time)
      pause();
  }
  query payloads{original, "SELECT sequence, node, bytes FROM payload WHERE "
                           "sequence <= ? ORDER BY sequence"};
  payloads.bind(last);
  while (payloads.next()) {
    auto bytes = payloads.bytes(2);
    copy.add_payload(integer(payloads, 0), node_at(payloads, 1),
                     bytes_of(bytes));
    if (copy.uncommitted_bytes() > bytes_at_a_time)
      pause();
  }
  pause();
  return result;
}

} // namespace caps
