#pragma once

#include "runtime/run_file/read_guard.hpp"

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// A node as its recording knows it.
struct recorded_node {
  int64_t id = 0;
  std::string role;
  std::string name;
  /// Ids of the nodes it sends to, ascending.
  std::vector<int64_t> neighbours;
};

/// A finished, running or cut-off recording (`run.caps`), opened for reading
/// alone. The file may come from anywhere: see `read_guard`. What a run still
/// appends is seen by later questions; `last` is taken when the file is opened.
///
/// Throws `data_error` for a file that is missing, damaged, no recording, or
/// of a schema that this program does not read.
class recording_file {
public:
  explicit recording_file(std::filesystem::path path);

  const std::filesystem::path& path() const noexcept { return path_; }

  /// A value of the table `meta`.
  std::optional<std::string> meta(std::string_view key);

  /// Of the schema, as `meta` has it, and as the header of the file has it,
  /// beside the application that it names. Only `verify` compares them.
  int32_t version() const noexcept { return version_; }
  int32_t header_version() const noexcept { return header_version_; }
  int32_t application_id() const noexcept { return application_id_; }

  /// By ascending id.
  const std::vector<recorded_node>& nodes() const noexcept { return nodes_; }

  /// Returns the node; throws `input_error` naming the nodes there are.
  const recorded_node& node(int64_t id) const;

  /// Number of events.
  int64_t events() const noexcept { return events_; }

  /// Sequence number of the first and the last event; without events `last` is
  /// the number before `first`.
  int64_t first() const noexcept { return first_; }
  int64_t last() const noexcept { return last_; }

  /// Names of all metrics, in alphabetical order.
  const std::vector<std::string>& metrics() const noexcept { return metrics_; }

  read_guard& guard() noexcept { return guard_; }

  SQLite::Database& connection() noexcept { return connection_; }

  /// What went wrong in SQLite, as an error of this project.
  [[noreturn]] void fail(const SQLite::Exception& e) const;

private:
  void read();
  void read_header();
  void check_schema();
  void check_version();
  void read_nodes();
  void read_range();
  void check_range();
  void read_metrics();

  std::filesystem::path path_;
  SQLite::Database connection_;
  read_guard guard_;
  int32_t version_ = 0;
  int32_t header_version_ = 0;
  int32_t application_id_ = 0;
  std::vector<recorded_node> nodes_;
  std::vector<std::string> metrics_;
  int64_t events_ = 0;
  int64_t first_ = 1;
  int64_t last_ = 0;
};

} // namespace caps
