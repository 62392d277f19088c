#pragma once

#include "messages/fwd.hpp"
#include "runtime/recording/rows.hpp"
#include "runtime/recording/snapshot_packer.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace caps {

/// A row of the table `node`.
struct node_row {
  node_id id = no_node;
  std::string role;
  std::string name;
  /// JSON.
  std::string neighbours;
};

/// What is known of a run before it starts.
struct recording_facts {
  std::map<std::string, std::string> meta;
  std::vector<node_row> nodes;
};

/// Writes a recording, one transaction after the other. Belongs to one thread.
/// Every function throws `error` naming the file when that fails (a full disk);
/// what was committed before stays readable, and the writer is good for
/// nothing any more.
class recording_writer {
public:
  /// Creates the file, in place of an older one, and commits the facts.
  recording_writer(std::filesystem::path file, recording_facts facts);

  /// In the order of their sequence.
  void add(const event_row& x);

  void add(const metric_row& x);

  void add(const note_row& x);

  /// A row of the table `snapshot`, before it is packed.
  struct snapshot_row {
    int64_t sequence = 0;
    node_id node = no_node;
    int64_t step = 0;
    int64_t epoch = 0;
    std::string kind;
    /// Of the bytes: an element type, or "safetensors".
    std::string content;
    std::span<const std::byte> bytes;
  };

  void add(const snapshot_row& x);

  void add_payload(int64_t sequence, node_id node,
                   std::span<const std::byte> bytes);

  /// Ends the transaction at hand with its seal, if there is anything in it.
  void commit();

  /// Commits the last facts and makes the file one that stands alone.
  void finish(const std::map<std::string, std::string>& meta);

  /// Of snapshots and payloads in the transaction at hand.
  size_t uncommitted_bytes() const noexcept { return uncommitted_bytes_; }

  /// What all rows so far take in the file, about. Two recordings of the same
  /// run have the same.
  size_t bytes() const noexcept { return bytes_; }

  int64_t events() const noexcept { return events_; }

  uint64_t last_chain() const noexcept { return event_chain_; }

private:
  template <class F>
  void guarded(F f);
  void create_tables();
  void put_facts(const std::map<std::string, std::string>& meta);
  void put_nodes();
  void open_transaction();
  void seal();

  std::filesystem::path file_;
  recording_facts facts_;
  std::optional<SQLite::Database> database_;
  std::optional<SQLite::Statement> put_event_;
  std::optional<SQLite::Statement> put_metric_;
  std::optional<SQLite::Statement> put_note_;
  std::optional<SQLite::Statement> put_snapshot_;
  std::optional<SQLite::Statement> put_payload_;
  bool in_transaction_ = false;
  size_t uncommitted_bytes_ = 0;
  size_t bytes_ = 0;
  snapshot_packer packer_;
  int64_t events_ = 0;
  int64_t snapshots_ = 0;
  int64_t rows_ = 0;
  uint64_t event_chain_ = 0;
  uint64_t metric_chain_ = 0;
  uint64_t note_chain_ = 0;
  uint64_t snapshot_chain_ = 0;
  uint64_t payload_chain_ = 0;
  uint64_t walls_ = 0;
  uint64_t seal_chain_ = 0;
};

/// Digest of the tables `meta` and `node`, for seals.
uint64_t facts_digest(const std::map<std::string, std::string>& meta,
                      const std::vector<node_row>& nodes);

} // namespace caps
