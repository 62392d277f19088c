#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace caps {

// A recording (`run.caps`) is an SQLite database. What an event is: one message
// handled by one node. Events are numbered from 1 in the order in which their
// handling began; a cause has a lower number than its effects, on both clocks.

/// "CaPS": in the header of every recording, where file(1) sees it.
inline constexpr int32_t recording_application_id = 0x43615053;

/// The version of everything below, in `meta` and in the header of the file.
inline constexpr int32_t recording_version = 2;

/// The oldest version that is still read: the same but for packed snapshots,
/// which it does not have.
inline constexpr int32_t oldest_recording_version = 1;

/// One table of a recording: the very text that creates it, which a reader
/// compares before it trusts the file.
struct recording_table {
  std::string_view name;
  std::string_view definition;
};

/// All tables:
///
/// `meta`: key and value, all text. schema, version (of the program), scenario
/// (TOML with every key), scenario_name, seed, clock ("virtual", "real"), level
/// ("metrics", "events", "payloads"), started (UTC, ISO 8601), layout (a JSON
/// array of the parameters and buffers: name, shape, offset, numel, kind).
/// Once the run has ended: ended ({"code": 0, "text": ""}), events (their
/// number), chain (of the last event).
///
/// `node`: role ("peer", "worker", "parameter_server"), name, neighbours (a
/// JSON array of the nodes it sends to).
///
/// `event`: time (nanoseconds on the run's clock since its first event, when
/// handling began), wall (nanoseconds of the machine since the recording began,
/// when handling had ended), kind (the type of a message between nodes, such as
/// "parameters" or "gradient"; "start", "stop"; "crash": the node handles
/// nothing any more, as the scenario says; "down": the same, but it may come
/// back; "proposal", "view": the membership of the run asks how far the node
/// may get without the next view, or tells it; "gradient_ready": the node's own
/// computation; "timer"), source (-1: not a node) and destination, message
/// (number of the message among those of its source; of own computations and
/// timers among those of the node; of proposals and views that of the view.
/// Numbers of messages sent in view v begin at v times a thousand million),
/// step and version as stamped, staleness (updates of the receiver since that
/// version, where it has a meaning; 0 if the sender was ahead), bytes (between
/// processes), digest (of the content), state (digest of the receiver's
/// parameters afterwards, if the event replaced them), node_step (updates of
/// the receiver afterwards), loss (of the batch), norm (of the gradient, where
/// it is computed), cause (the event whose handling sent this message or set
/// this timer or began this computation; NULL for none), sent (time of that
/// event; NULL for none), chain.
///
/// `metric`: what was measured, as in the CSV files: numbers of edges are named
/// "edge.<number>.<other end>" at the sending node, numbers of protocols
/// "<number>[.<what about>][.<place in a histogram>]". sequence: the last event
/// begun when it was reported. Node -1: all.
///
/// `note`: lines of the log. kind "note" or "failure" (ends the node).
///
/// `snapshot`: kind "parameters" or "buffers": little-endian elements of the
/// whole vector of the node right after the event; encoding is the element
/// type. On the virtual clock there are also whole runs as they were after an
/// event, which others can go on from (`run_state`), encoding "safetensors":
/// kinds "run" and "observed" of node -1 and kind "node" of every node, with
/// step and epoch 0. Where the encoding goes on with "/zstd" the bytes are
/// packed (packed_words.hpp), with "/zstd/<id>" as differences from those of
/// that snapshot, which has a lower id.
///
/// `payload`: the serialized message of an event between nodes at level
/// "payloads", and that of a proposal or view at any.
///
/// `seal`: one row per transaction, its last one. events: their number so far;
/// chain: of the last of them; metrics, notes, snapshots, payloads: chains of
/// the last rows of these tables (0: none yet); rows: how many rows these four
/// have together; walls: digest of the `wall` of all events since the seal
/// before; facts: digest of `meta` and `node`; chain_of_seals over all of this.
///
/// Chains: `row_digest` of all other columns in their order, the `wall` of
/// events left out, begun with the chain of the row before (0 at first). Two
/// recordings of the same run on the virtual clock differ in `wall`, `seal`
/// and the time `started` alone.
std::span<const recording_table> recording_tables();

/// Chains the columns of a row to the rows before it.
class row_digest {
public:
  explicit row_digest(uint64_t before) { begin(before); }

  /// Starts the next row.
  void begin(uint64_t before);

  row_digest& add(int64_t x);
  row_digest& add(double x);
  row_digest& add(std::string_view x);
  row_digest& add(std::span<const std::byte> x);
  row_digest& add(const std::optional<int64_t>& x);
  /// What is no number is NULL in a recording.
  row_digest& add(const std::optional<double>& x);

  uint64_t result() const;

private:
  void mark(char type);
  void put(const void* data, size_t size);

  std::string bytes_;
};

} // namespace caps
