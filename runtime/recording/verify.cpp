#include "runtime/recording/verify.hpp"

#include "models/errors.hpp"
#include "runtime/recording/recording_writer.hpp"
#include "runtime/run_file/schema.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <vector>

namespace caps {

namespace {

/// A row of the table `seal`.
struct seal_row {
  int64_t events = 0;
  int64_t chain = 0;
  int64_t metrics = 0;
  int64_t notes = 0;
  int64_t snapshots = 0;
  int64_t payloads = 0;
  int64_t rows = 0;
  int64_t walls = 0;
  int64_t facts = 0;
};

/// Reads the columns of a row one after the other. A column of another type
/// than it was written with is damage.
class columns {
public:
  columns(query& row, const std::string& path, const char* table)
    : row_(row), path_(path), table_(table) {}

  int64_t integer() {
    if (!row_.is_integer(next_))
      fail();
    return *row_.integer(next_++);
  }

  node_id node() {
    auto x = integer();
    if (x < no_node || x > std::numeric_limits<node_id>::max())
      fail();
    return static_cast<node_id>(x);
  }

  std::optional<int64_t> integer_or_null() {
    if (row_.is_null(next_)) {
      ++next_;
      return std::nullopt;
    }
    return integer();
  }

  std::optional<double> real_or_null() {
    if (row_.is_null(next_)) {
      ++next_;
      return std::nullopt;
    }
    if (!row_.is_real(next_))
      fail();
    return row_.real(next_++);
  }

  std::string text() {
    if (row_.is_null(next_) || row_.is_integer(next_) || row_.is_real(next_))
      fail();
    return row_.text(next_++);
  }

private:
  [[noreturn]] void fail() {
    auto number = next_ > 0 ? fmt::format(" {}", row_.integer(0).value_or(0))
                            : std::string{};
    throw data_error(fmt::format("{}: damaged: {}{}: its column {} is not of "
                                 "its type",
                                 path_, table_, number, row_.name(next_)));
  }

  query& row_;
  const std::string& path_;
  const char* table_;
  int next_ = 0;
};

/// Goes through all tables in turn.
class verifier {
public:
  explicit verifier(recording_file& file)
    : file_(file), path_(file.path().string()) {}

  recording_contents run() {
    check_header();
    read_seals();
    check_facts();
    check_events();
    check_metrics();
    check_notes();
    check_snapshots();
    check_payloads();
    const auto& last = seals_.back();
    auto rows
      = result_.metrics + result_.notes + result_.snapshots + result_.payloads;
    if (rows != last.rows)
      fail("{} metrics, notes, snapshots and payloads, but {} were written",
           rows, last.rows);
    return result_;
  }

private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> what, Args&&... args) {
    throw data_error(
      fmt::format("{}: damaged: {}", path_,
                  fmt::format(what, std::forward<Args>(args)...)));
  }

  void check_header() {
    if (file_.application_id() != recording_application_id)
      fail("its header names the application {:#x}, expected {:#x}",
           static_cast<uint32_t>(file_.application_id()),
           recording_application_id);
    if (file_.header_version() != file_.version())
      fail("its header says schema {}, but meta says {}",
           file_.header_version(), file_.version());
  }

  void read_seals() {
    query rows{file_, "SELECT id, events, chain, metrics, notes, snapshots, "
                      "payloads, rows, walls, facts, chain_of_seals FROM seal "
                      "ORDER BY id"};
    uint64_t before = 0;
    while (rows.next()) {
      columns row{rows, path_, "seal"};
      auto id = row.integer();
      seal_row x;
      row_digest digest{before};
      for (auto field :
           {&x.events, &x.chain, &x.metrics, &x.notes, &x.snapshots,
            &x.payloads, &x.rows, &x.walls, &x.facts}) {
        *field = row.integer();
        digest.add(*field);
      }
      before = digest.result();
      auto good = id == static_cast<int64_t>(seals_.size()) + 1
                  && row.integer() == signed_bits(before);
      if (!good || (!seals_.empty() && x.events < seals_.back().events))
        fail("seal {}: its checksum does not match", seals_.size() + 1);
      seals_.push_back(x);
    }
    if (seals_.empty())
      fail("it has no seal");
    result_.transactions = static_cast<int64_t>(seals_.size());
  }

  void check_facts() {
    std::map<std::string, std::string> meta;
    query rows{file_, "SELECT key, value FROM meta"};
    while (rows.next()) {
      columns row{rows, path_, "meta"};
      auto key = row.text();
      meta[key] = row.text();
    }
    std::vector<node_row> nodes;
    query others{file_, "SELECT id, role, name, neighbours FROM node"};
    while (others.next()) {
      columns row{others, path_, "node"};
      auto id = row.node();
      auto role = row.text();
      auto name = row.text();
      nodes.push_back({id, role, name, row.text()});
    }
    if (signed_bits(facts_digest(meta, nodes)) != seals_.back().facts)
      fail("meta or node: their checksum does not match");
    result_.ended = meta.contains("ended");
  }

  void check_events() {
    event_rows rows{file_, std::numeric_limits<int64_t>::min()};
    auto seal = seals_.begin();
    uint64_t chain_before = 0;
    uint64_t walls = 0;
    auto close = [&] {
      for (; seal != seals_.end() && seal->events == result_.events; ++seal) {
        if (seal->chain != signed_bits(chain_before))
          fail("event {}: its checksum is not the one that was sealed",
               result_.events);
        if (seal->walls != signed_bits(walls))
          fail("event {}: the wall of it or of one of the events of its "
               "transaction does not match their checksum",
               result_.events);
        walls = 0;
      }
    };
    close();
    event_row x;
    while (rows.next(x)) {
      auto expected = result_.events + 1;
      if (x.sequence != expected)
        fail("event {}: it is missing", expected);
      chain_before = chain(x, chain_before);
      if (rows.chain() != signed_bits(chain_before))
        fail("event {}: its checksum does not match", expected);
      if (seal == seals_.end())
        fail("event {}: it was not sealed", expected);
      walls = row_digest{walls}.add(x.wall).result();
      result_.events = expected;
      close();
    }
    if (seal != seals_.end())
      fail("event {}: it is missing", result_.events + 1);
  }

  /// `read` reads a row's columns after the first and returns its chain, from
  /// that of the row before.
  template <class F>
  void check_table(const char* table, const char* sql, bool numbered,
                   int64_t& count, int64_t sealed, F read) {
    query rows{file_, sql};
    uint64_t before = 0;
    while (rows.next()) {
      columns row{rows, path_, table};
      auto id = row.integer();
      if (numbered && id != count + 1)
        fail("{} {}: it is missing", table, count + 1);
      before = read(id, row, before);
      if (row.integer() != signed_bits(before))
        fail("{} {}: its checksum does not match", table, id);
      ++count;
    }
    if (signed_bits(before) != sealed)
      fail("{} {}: it is missing", table, count + 1);
  }

  void check_metrics() {
    check_table("metric",
                "SELECT id, sequence, time, node, epoch, step, name, value, "
                "chain FROM metric ORDER BY id",
                true, result_.metrics, seals_.back().metrics,
                [](int64_t, columns& row, uint64_t before) {
                  metric_row x;
                  x.sequence = row.integer();
                  x.time = row.integer();
                  x.node = row.node();
                  x.epoch = row.integer_or_null();
                  x.step = row.integer_or_null();
                  x.name = row.text();
                  x.value = row.real_or_null();
                  return chain(x, before);
                });
  }

  void check_notes() {
    check_table("note",
                "SELECT id, sequence, time, node, kind, text, chain FROM note "
                "ORDER BY id",
                true, result_.notes, seals_.back().notes,
                [&](int64_t id, columns& row, uint64_t before) {
                  note_row x;
                  x.sequence = row.integer();
                  x.time = row.integer();
                  x.node = row.node();
                  auto kind = row.text();
                  x.failure = kind == "failure";
                  if (!x.failure && kind != "note")
                    fail("note {}: there is no kind '{}'", id, kind);
                  x.text = row.text();
                  return chain(x, before);
                });
  }

  void check_snapshots() {
    check_table("snapshot",
                "SELECT id, sequence, node, step, epoch, kind, encoding, "
                "bytes, checksum FROM snapshot ORDER BY id",
                true, result_.snapshots, seals_.back().snapshots,
                [](int64_t, columns& row, uint64_t before) {
                  row_digest digest{before};
                  for (int i = 0; i < 4; ++i)
                    digest.add(row.integer());
                  for (int i = 0; i < 3; ++i)
                    digest.add(std::string_view{row.text()});
                  return digest.result();
                });
  }

  void check_payloads() {
    check_table("payload",
                "SELECT sequence, node, bytes, checksum FROM payload ORDER BY "
                "sequence",
                false, result_.payloads, seals_.back().payloads,
                [](int64_t sequence, columns& row, uint64_t before) {
                  row_digest digest{before};
                  digest.add(sequence).add(row.integer());
                  digest.add(std::string_view{row.text()});
                  return digest.result();
                });
  }

  recording_file& file_;
  std::string path_;
  std::vector<seal_row> seals_;
  recording_contents result_;
};

} // namespace

event_rows::event_rows(recording_file& file, int64_t first)
  : path_(file.path().string()),
    rows_(file, "SELECT sequence, time, wall, kind, source, destination, "
                "message, step, version, staleness, bytes, digest, state, "
                "node_step, loss, norm, cause, sent, chain FROM event WHERE "
                "sequence >= ? ORDER BY sequence") {
  rows_.bind(first);
}

bool event_rows::next(event_row& x) {
  if (!rows_.next())
    return false;
  columns row{rows_, path_, "event"};
  x.sequence = row.integer();
  x.time = row.integer();
  x.wall = row.integer();
  x.kind = row.text();
  x.source = row.node();
  x.destination = row.node();
  x.message = row.integer();
  x.step = row.integer();
  x.version = row.integer();
  x.staleness = row.integer_or_null();
  x.bytes = row.integer();
  x.digest = row.integer();
  x.state = row.integer_or_null();
  x.node_step = row.integer();
  x.loss = row.real_or_null();
  x.norm = row.real_or_null();
  x.cause = row.integer_or_null();
  x.sent = row.integer_or_null();
  chain_ = row.integer();
  return true;
}

recording_contents verify(recording_file& file) {
  return verifier{file}.run();
}

} // namespace caps
