#include "runtime/run_file/schema.hpp"

#include "models/checkpoint/checksums.hpp"

#include <array>
#include <cmath>

namespace caps {

namespace {

constexpr std::array<recording_table, 8> tables{{
  {"meta", "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) "
           "STRICT, WITHOUT ROWID"},
  {"node", "CREATE TABLE node(id INTEGER PRIMARY KEY, role TEXT NOT NULL, name "
           "TEXT NOT NULL, neighbours TEXT NOT NULL) STRICT"},
  {"event",
   "CREATE TABLE event(sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, "
   "wall INTEGER NOT NULL, kind TEXT NOT NULL, source INTEGER NOT NULL, "
   "destination INTEGER NOT NULL, message INTEGER NOT NULL, step INTEGER NOT "
   "NULL, version INTEGER NOT NULL, staleness INTEGER, bytes INTEGER NOT NULL, "
   "digest INTEGER NOT NULL, state INTEGER, node_step INTEGER NOT NULL, loss "
   "REAL, norm REAL, cause INTEGER, sent INTEGER, chain INTEGER NOT NULL) "
   "STRICT"},
  {"metric",
   "CREATE TABLE metric(id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, "
   "time INTEGER NOT NULL, node INTEGER NOT NULL, epoch INTEGER, step INTEGER, "
   "name TEXT NOT NULL, value REAL, chain INTEGER NOT NULL) STRICT"},
  {"note",
   "CREATE TABLE note(id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, time "
   "INTEGER NOT NULL, node INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT "
   "NULL, chain INTEGER NOT NULL) STRICT"},
  {"snapshot",
   "CREATE TABLE snapshot(id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, "
   "node INTEGER NOT NULL, step INTEGER NOT NULL, epoch INTEGER NOT NULL, kind "
   "TEXT NOT NULL, encoding TEXT NOT NULL, bytes BLOB NOT NULL, checksum "
   "INTEGER NOT NULL) STRICT"},
  {"payload",
   "CREATE TABLE payload(sequence INTEGER PRIMARY KEY, node INTEGER NOT NULL, "
   "bytes BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT"},
  {"seal",
   "CREATE TABLE seal(id INTEGER PRIMARY KEY, events INTEGER NOT NULL, chain "
   "INTEGER NOT NULL, metrics INTEGER NOT NULL, notes INTEGER NOT NULL, "
   "snapshots INTEGER NOT NULL, payloads INTEGER NOT NULL, rows INTEGER NOT "
   "NULL, walls INTEGER NOT NULL, facts INTEGER NOT NULL, chain_of_seals "
   "INTEGER NOT NULL) STRICT"},
}};

} // namespace

std::span<const recording_table> recording_tables() {
  return tables;
}

void row_digest::begin(uint64_t before) {
  bytes_.clear();
  put(&before, sizeof before);
}

row_digest& row_digest::add(int64_t x) {
  mark('i');
  put(&x, sizeof x);
  return *this;
}

row_digest& row_digest::add(double x) {
  if (x == 0)
    x = 0; // SQLite keeps no sign of zero
  mark('r');
  put(&x, sizeof x);
  return *this;
}

row_digest& row_digest::add(std::string_view x) {
  return add(std::as_bytes(std::span{x}));
}

row_digest& row_digest::add(std::span<const std::byte> x) {
  auto size = static_cast<uint64_t>(x.size());
  mark('b');
  put(&size, sizeof size);
  put(x.data(), x.size());
  return *this;
}

row_digest& row_digest::add(const std::optional<int64_t>& x) {
  if (x)
    return add(*x);
  mark('n');
  return *this;
}

row_digest& row_digest::add(const std::optional<double>& x) {
  if (x && !std::isnan(*x))
    return add(*x);
  mark('n');
  return *this;
}

uint64_t row_digest::result() const {
  return checksum(std::as_bytes(std::span{bytes_}));
}

void row_digest::mark(char type) {
  bytes_.push_back(type);
}

void row_digest::put(const void* data, size_t size) {
  bytes_.append(static_cast<const char*>(data), size);
}

} // namespace caps
