#include "runtime/recording/recording_writer.hpp"

#include "models/errors.hpp"
#include "runtime/run_file/schema.hpp"

#include <fmt/format.h>

#include <SQLiteCpp/Exception.h>

#include <algorithm>
#include <system_error>

namespace caps {

namespace {

/// Binds the columns of a row one after the other.
class row {
public:
  explicit row(SQLite::Statement& statement) : statement_(statement) {
    statement_.reset();
  }

  row& operator<<(int64_t x) {
    statement_.bind(next_++, x);
    return *this;
  }

  row& operator<<(double x) {
    statement_.bind(next_++, x);
    return *this;
  }

  row& operator<<(const std::string& x) {
    statement_.bindNoCopy(next_++, x);
    return *this;
  }

  row& operator<<(std::span<const std::byte> x) {
    // No bytes at all would be NULL.
    statement_.bindNoCopy(next_++,
                          x.empty() ? "" : static_cast<const void*>(x.data()),
                          static_cast<int>(x.size()));
    return *this;
  }

  template <class T>
  row& operator<<(const std::optional<T>& x) {
    if (x)
      return *this << *x;
    statement_.bind(next_++);
    return *this;
  }

  void put() { statement_.exec(); }

private:
  SQLite::Statement& statement_;
  int next_ = 1;
};

/// What rows take in the file, about: see `recording_writer::bytes`.
constexpr size_t event_bytes = 88;
constexpr size_t metric_bytes = 40;

/// A row with a blob: what does not fill its last page is lost.
constexpr size_t blob_bytes(size_t bytes) {
  constexpr size_t columns = 64;
  constexpr size_t half_page = 2048;
  return columns + bytes + std::min(bytes, half_page);
}

void remove_older(const std::filesystem::path& file) {
  for (auto ending : {"", "-wal", "-shm", "-journal"}) {
    std::error_code problem;
    std::filesystem::remove(file.string() + ending, problem);
    if (problem)
      throw error(fmt::format("cannot replace {}{}: {}", file.string(), ending,
                              problem.message()));
  }
}

} // namespace

template <class F>
void recording_writer::guarded(F f) {
  try {
    f();
  } catch (const SQLite::Exception& e) {
    throw error(fmt::format("cannot write {}: {}", file_.string(), e.what()));
  }
}

recording_writer::recording_writer(std::filesystem::path file,
                                   recording_facts facts)
  : file_(std::move(file)), facts_(std::move(facts)) {
  remove_older(file_);
  guarded([&] {
    database_.emplace(file_.string(),
                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database_->exec("PRAGMA journal_mode = WAL");
    database_->exec("PRAGMA synchronous = NORMAL");
    database_->exec(
      fmt::format("PRAGMA application_id = {}", recording_application_id));
    database_->exec(fmt::format("PRAGMA user_version = {}", recording_version));
    create_tables();
  });
}

void recording_writer::create_tables() {
  open_transaction();
  for (const auto& table : recording_tables())
    database_->exec(std::string{table.definition});
  put_facts(facts_.meta);
  put_nodes();
  put_event_.emplace(*database_,
                     "INSERT INTO event VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                     "?, ?, ?, ?, ?, ?, ?, ?, ?)");
  put_metric_.emplace(*database_, "INSERT INTO metric VALUES(NULL, ?, ?, ?, ?, "
                                  "?, ?, ?, ?)");
  put_note_.emplace(*database_,
                    "INSERT INTO note VALUES(NULL, ?, ?, ?, ?, ?, ?)");
  put_snapshot_.emplace(*database_, "INSERT INTO snapshot VALUES(NULL, ?, ?, "
                                    "?, ?, ?, ?, ?, ?)");
  put_payload_.emplace(*database_, "INSERT INTO payload VALUES(?, ?, ?, ?)");
  seal();
}

void recording_writer::put_facts(
  const std::map<std::string, std::string>& meta) {
  SQLite::Statement put{*database_, "INSERT INTO meta VALUES(?, ?)"};
  for (const auto& [key, value] : meta)
    (row{put} << key << value).put();
}

void recording_writer::put_nodes() {
  SQLite::Statement put{*database_, "INSERT INTO node VALUES(?, ?, ?, ?)"};
  for (const auto& x : facts_.nodes)
    (row{put} << int64_t{x.id} << x.role << x.name << x.neighbours).put();
}

void recording_writer::open_transaction() {
  if (in_transaction_)
    return;
  database_->exec("BEGIN");
  in_transaction_ = true;
}

void recording_writer::add(const event_row& x) {
  guarded([&] {
    open_transaction();
    event_chain_ = chain(x, event_chain_);
    (row{*put_event_} << x.sequence << x.time << x.wall << x.kind
                      << int64_t{x.source} << int64_t{x.destination}
                      << x.message << x.step << x.version << x.staleness
                      << x.bytes << x.digest << x.state << x.node_step << x.loss
                      << x.norm << x.cause << x.sent
                      << signed_bits(event_chain_))
      .put();
  });
  walls_ = row_digest{walls_}.add(x.wall).result();
  bytes_ += event_bytes;
  ++events_;
}

void recording_writer::add(const metric_row& x) {
  guarded([&] {
    open_transaction();
    metric_chain_ = chain(x, metric_chain_);
    (row{*put_metric_} << x.sequence << x.time << int64_t{x.node} << x.epoch
                       << x.step << x.name << x.value
                       << signed_bits(metric_chain_))
      .put();
  });
  bytes_ += metric_bytes + x.name.size();
  ++rows_;
}

void recording_writer::add(const note_row& x) {
  guarded([&] {
    open_transaction();
    note_chain_ = chain(x, note_chain_);
    (row{*put_note_} << x.sequence << x.time << int64_t{x.node}
                     << std::string{x.failure ? "failure" : "note"} << x.text
                     << signed_bits(note_chain_))
      .put();
  });
  bytes_ += metric_bytes + x.text.size();
  ++rows_;
}

void recording_writer::add(const snapshot_row& x) {
  auto packed
    = packer_.pack(++snapshots_, x.node, x.kind, x.content, x.bytes);
  auto bytes = std::as_bytes(std::span{packed.bytes});
  guarded([&] {
    open_transaction();
    row_digest digest{snapshot_chain_};
    digest.add(x.sequence).add(int64_t{x.node}).add(x.step).add(x.epoch);
    digest.add(std::string_view{x.kind});
    digest.add(std::string_view{packed.encoding});
    snapshot_chain_ = digest.add(bytes).result();
    (row{*put_snapshot_} << x.sequence << int64_t{x.node} << x.step << x.epoch
                         << x.kind << packed.encoding << bytes
                         << signed_bits(snapshot_chain_))
      .put();
  });
  uncommitted_bytes_ += bytes.size();
  bytes_ += blob_bytes(bytes.size());
  ++rows_;
}

void recording_writer::add_payload(int64_t sequence, node_id node,
                                   std::span<const std::byte> bytes) {
  guarded([&] {
    open_transaction();
    row_digest digest{payload_chain_};
    payload_chain_
      = digest.add(sequence).add(int64_t{node}).add(bytes).result();
    (row{*put_payload_} << sequence << int64_t{node} << bytes
                        << signed_bits(payload_chain_))
      .put();
  });
  uncommitted_bytes_ += bytes.size();
  bytes_ += blob_bytes(bytes.size());
  ++rows_;
}

void recording_writer::seal() {
  auto facts = caps::facts_digest(facts_.meta, facts_.nodes);
  row_digest digest{seal_chain_};
  auto number = [&](auto x) {
    auto value = static_cast<int64_t>(x);
    digest.add(value);
    return value;
  };
  SQLite::Statement put{*database_, "INSERT INTO seal VALUES(NULL, ?, ?, ?, ?, "
                                    "?, ?, ?, ?, ?, ?)"};
  row values{put};
  values << number(events_) << number(event_chain_) << number(metric_chain_)
         << number(note_chain_) << number(snapshot_chain_)
         << number(payload_chain_) << number(rows_) << number(walls_)
         << number(facts);
  seal_chain_ = digest.result();
  (values << signed_bits(seal_chain_)).put();
  walls_ = 0;
  uncommitted_bytes_ = 0;
  database_->exec("COMMIT");
  in_transaction_ = false;
}

void recording_writer::commit() {
  if (in_transaction_)
    guarded([&] { seal(); });
}

void recording_writer::finish(const std::map<std::string, std::string>& meta) {
  guarded([&] {
    open_transaction();
    put_facts(meta);
    facts_.meta.insert(meta.begin(), meta.end());
    seal();
    for (auto statement :
         {&put_event_, &put_metric_, &put_note_, &put_snapshot_, &put_payload_})
      statement->reset();
    // Into one file, without a log beside it.
    database_->exec("PRAGMA journal_mode = DELETE");
    database_.reset();
  });
}

uint64_t facts_digest(const std::map<std::string, std::string>& meta,
                      const std::vector<node_row>& nodes) {
  row_digest digest{0};
  for (const auto& [key, value] : meta)
    digest.add(std::string_view{key}).add(std::string_view{value});
  for (const auto& x : nodes) {
    digest.add(int64_t{x.id}).add(std::string_view{x.role});
    digest.add(std::string_view{x.name}).add(std::string_view{x.neighbours});
  }
  return digest.result();
}

} // namespace caps
