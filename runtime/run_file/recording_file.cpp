#include "runtime/run_file/recording_file.hpp"

#include "models/errors.hpp"
#include "runtime/run_file/printable.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/schema.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace caps {

namespace {

/// How long to wait for a run that is writing, in milliseconds.
constexpr int busy_milliseconds = 2000;

/// Names of metrics come from protocols; more than these helps nobody.
constexpr size_t metric_names_max = 500;

/// "file:/tmp/a%20b.caps?mode=ro": an SQLite URI of a path.
std::string uri(const std::filesystem::path& path) {
  std::string result = "file:";
  for (auto c : std::filesystem::absolute(path).string()) {
    auto plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/'
                 || c == '-' || c == '_' || c == '.';
    result += plain ? std::string{c}
                    : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  result += "?mode=ro";
  // A run that goes on, or was cut off, has its last transactions beside the
  // file. Else nobody else writes, and nothing needs to be written to lock.
  std::error_code ignored;
  auto log = path;
  log += "-wal";
  auto size = std::filesystem::file_size(log, ignored);
  if (ignored || size == 0)
    result += "&immutable=1";
  return result;
}

std::string checked_uri(const std::filesystem::path& path) {
  std::error_code failure;
  auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status))
    throw data_error(fmt::format("{}: there is no such file", path.string()));
  if (!std::filesystem::is_regular_file(status))
    throw data_error(fmt::format("{}: not a file but something else; expected "
                                 "a recording (run.caps)",
                                 path.string()));
  return uri(path);
}

SQLite::Database open(const std::filesystem::path& path) {
  auto name = checked_uri(path);
  try {
    return SQLite::Database{name, SQLite::OPEN_READONLY | SQLite::OPEN_URI,
                            busy_milliseconds};
  } catch (const SQLite::Exception& e) {
    throw data_error(
      fmt::format("{}: cannot be opened: {}", path.string(), e.what()));
  }
}

} // namespace

recording_file::recording_file(std::filesystem::path path)
  : path_(std::move(path)), connection_(open(path_)), guard_(connection_) {
  try {
    read();
  } catch (const data_error& e) {
    throw data_error(printable(e.what()));
  } catch (const input_error& e) {
    // Nobody has asked for anything yet.
    throw data_error(
      printable(fmt::format("{}: damaged: {}", path_.string(), e.what())));
  }
}

void recording_file::read() {
  try {
    guard_.prepare();
    read_header();
    check_schema();
    guard_.close_gate();
    read_nodes();
    read_range();
    read_metrics();
  } catch (const SQLite::Exception& e) {
    fail(e);
  }
}

void recording_file::fail(const SQLite::Exception& e) const {
  guard_.check();
  auto code = e.getErrorCode() & 0xff;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    throw error(fmt::format("{}: in use by another program: {}", path_.string(),
                            e.what()));
  if (code == SQLITE_ERROR || code == SQLITE_AUTH || code == SQLITE_MISMATCH
      || code == SQLITE_RANGE || code == SQLITE_TOOBIG)
    throw input_error(e.what());
  if (code == SQLITE_NOMEM)
    throw error(fmt::format("{}: {}", path_.string(), e.what()));
  if (code == SQLITE_CANTOPEN)
    throw data_error(fmt::format("{}: cannot be opened with the log beside it "
                                 "(-wal); is its folder writable? {}",
                                 path_.string(), e.what()));
  if (code == SQLITE_NOTADB)
    throw data_error(
      fmt::format("{}: not a recording: {}", path_.string(), e.what()));
  throw data_error(fmt::format("{}: damaged: {}", path_.string(), e.what()));
}

void recording_file::read_header() {
  application_id_ = connection_.execAndGet("PRAGMA application_id").getInt();
  header_version_ = connection_.execAndGet("PRAGMA user_version").getInt();
}

void recording_file::check_schema() {
  auto refuse = [&](const std::string& what) {
    return data_error(
      fmt::format("{}: not a recording: {}", path_.string(), what));
  };
  std::map<std::string, std::string, std::less<>> found;
  SQLite::Statement things{connection_,
                           "SELECT type, name, sql FROM sqlite_master"};
  while (things.executeStep()) {
    auto type = things.getColumn(0).getString();
    auto name = things.getColumn(1).getString();
    auto known = std::ranges::any_of(
      recording_tables(), [&](const auto& x) { return x.name == name; });
    if (type == "table" && known)
      found[name] = things.getColumn(2).getString();
    else if (type != "index" || !things.getColumn(2).isNull())
      throw refuse(fmt::format("it holds the {} '{}'", type, name));
  }
  if (!found.contains("meta"))
    throw refuse("it has no table 'meta'");
  // Tables of another version are different, and rightly so.
  check_version();
  for (const auto& table : recording_tables())
    if (found[std::string{table.name}] != table.definition)
      throw refuse(
        fmt::format("its table '{}' is not that of a recording", table.name));
}

void recording_file::check_version() {
  auto schema = meta("schema");
  for (auto x = oldest_recording_version; x <= recording_version; ++x)
    if (schema == std::to_string(x)) {
      version_ = x;
      return;
    }
  throw data_error(fmt::format(
    "{}: a recording of schema {}, written by version {}; this program reads "
    "schemas {} to {}",
    path_.string(), schema.value_or("unknown"),
    meta("version").value_or("unknown"), oldest_recording_version,
    recording_version));
}

std::optional<std::string> recording_file::meta(std::string_view key) {
  query q{*this, "SELECT value FROM meta WHERE key = ?"};
  q.bind(std::string{key});
  if (!q.next() || q.is_null(0))
    return std::nullopt;
  return q.text(0);
}

void recording_file::read_nodes() {
  query q{*this, "SELECT id, role, name, neighbours FROM node ORDER BY id"};
  while (q.next()) {
    recorded_node x;
    x.id = q.integer(0).value_or(-1);
    x.role = q.text(1);
    x.name = q.text(2);
    auto list = q.text(3);
    auto json = nlohmann::json::parse(list, nullptr, false);
    auto good = json.is_array()
                && std::ranges::all_of(json, [](const nlohmann::json& id) {
                     return id.is_number_integer();
                   });
    if (!good)
      throw data_error(fmt::format("{}: damaged: the neighbours of node {} are "
                                   "no list of nodes",
                                   path_.string(), x.id));
    for (const auto& id : json)
      x.neighbours.push_back(id.get<int64_t>());
    nodes_.push_back(std::move(x));
  }
}

void recording_file::read_range() {
  query low{*this, "SELECT min(sequence) FROM event"};
  query high{*this, "SELECT max(sequence) FROM event"};
  if (low.next() && high.next() && low.integer(0) && high.integer(0)) {
    first_ = *low.integer(0);
    last_ = *high.integer(0);
    check_range();
    events_ = last_ - first_ + 1;
  }
}

void recording_file::check_range() {
  // Whoever walks over the numbers must come to an end: of those looked at, all
  // over the range, most are there. Single ones that are missing `verify` names.
  constexpr int64_t looks = 64;
  auto fail = [&] {
    throw data_error(fmt::format("{}: damaged: there are not all events from {} "
                                 "to {}",
                                 path_.string(), first_, last_));
  };
  constexpr auto number_max = int64_t{1} << 48;
  if (first_ < 0 || last_ < first_ || last_ > number_max)
    fail();
  auto stride = std::max<int64_t>(1, (last_ - first_) / looks);
  int64_t there = 0;
  int64_t missing = 0;
  for (auto x = first_; x <= last_; x += stride) {
    query one{*this, "SELECT 1 FROM event WHERE sequence = ?1"};
    one.bind(x);
    ++(one.next() ? there : missing);
  }
  if (missing > there)
    fail();
}

void recording_file::read_metrics() {
  query q{*this, "SELECT DISTINCT name FROM metric ORDER BY name"};
  while (metrics_.size() < metric_names_max && q.next())
    metrics_.push_back(q.text(0));
}

const recorded_node& recording_file::node(int64_t id) const {
  auto i = std::ranges::find(nodes_, id, &recorded_node::id);
  if (i != nodes_.end())
    return *i;
  if (nodes_.empty())
    throw input_error("this recording has no nodes");
  throw input_error(fmt::format("there is no node {}: expected one from {} to "
                                "{}",
                                id, nodes_.front().id, nodes_.back().id));
}

} // namespace caps
