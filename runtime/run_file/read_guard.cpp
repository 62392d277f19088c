#include "runtime/run_file/read_guard.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/run_file/quantiles.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace caps {

namespace {

using namespace std::string_view_literals;

/// Instructions of SQLite's machine between two looks at the clock: some
/// hundred events.
constexpr int instructions_between_checks = 4000;

constexpr std::array<std::pair<int, int>, 7> settings{{
  {SQLITE_DBCONFIG_DEFENSIVE, 1},
  {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
  {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
  {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
  {SQLITE_DBCONFIG_DQS_DML, 0},
  {SQLITE_DBCONFIG_DQS_DDL, 0},
}};

// No recording and no question comes near these; what is made to do harm does.
constexpr std::array<std::pair<int, int>, 8> limits{{
  {SQLITE_LIMIT_SQL_LENGTH, 100'000},
  {SQLITE_LIMIT_EXPR_DEPTH, 200},
  {SQLITE_LIMIT_COMPOUND_SELECT, 10},
  {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
  {SQLITE_LIMIT_COLUMN, 1000},
  {SQLITE_LIMIT_ATTACHED, 0},
  {SQLITE_LIMIT_WORKER_THREADS, 0},
  {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
}};

/// Tables of a recording that SQL of a user may read.
constexpr std::array public_tables{"event"sv, "metric"sv, "node"sv};

/// Functions that compute a value from values and need little more memory
/// than these.
constexpr std::array harmless_functions{
  "abs"sv, "acos"sv, "asin"sv, "atan"sv,
  "atan2"sv, "avg"sv, "ceil"sv, "coalesce"sv,
  "cos"sv, "count"sv, "exp"sv, "floor"sv,
  "glob"sv, "hex"sv, "ifnull"sv, "iif"sv,
  "instr"sv, "length"sv, "like"sv, "ln"sv,
  "log"sv, "log10"sv, "log2"sv, "lower"sv,
  "max"sv, "median"sv, "min"sv, "mod"sv,
  "nullif"sv, "percentile"sv, "pow"sv, "power"sv,
  "quote"sv, "round"sv, "sign"sv, "sin"sv,
  "sqrt"sv, "substr"sv, "sum"sv, "tan"sv,
  "total"sv, "trunc"sv, "typeof"sv, "upper"sv};

template <class Words>
bool holds(const Words& words, const char* word) {
  return word != nullptr
         && std::ranges::find(words, std::string_view{word}) != words.end();
}

} // namespace

read_guard::read_guard(SQLite::Database& connection) : connection_(connection) {
  auto db = connection.getHandle();
  for (auto [what, value] : settings)
    sqlite3_db_config(db, what, value, nullptr);
  for (auto [what, value] : limits)
    sqlite3_limit(db, what, value);
  add_quantiles(connection);
  sqlite3_progress_handler(db, instructions_between_checks,
                           &read_guard::on_progress, this);
}

void read_guard::prepare() {
  // A mapped file that is cut off while it is read ends the program.
  for (auto pragma :
       {"PRAGMA query_only = ON", "PRAGMA mmap_size = 0",
        "PRAGMA cell_size_check = ON", "PRAGMA temp_store = MEMORY",
        "PRAGMA cache_size = -65536"})
    connection_.exec(pragma);
}

void read_guard::close_gate() {
  sqlite3_set_authorizer(connection_.getHandle(), &read_guard::authorize, this);
}

void read_guard::limit(duration time) {
  time_ = time;
  end_ = std::chrono::steady_clock::now() + time;
}

bool read_guard::expired() const {
  return end_ != std::chrono::steady_clock::time_point::max()
         && std::chrono::steady_clock::now() > end_;
}

void read_guard::check() const {
  if (cancelled_ != nullptr && *cancelled_)
    throw error("cancelled", exit_code::interrupted);
  if (expired())
    throw error(fmt::format("stopped after {}; --time-limit allows more",
                            to_text(time_)));
}

int read_guard::on_progress(void* guard) noexcept {
  auto self = static_cast<const read_guard*>(guard);
  return (self->cancelled_ != nullptr && *self->cancelled_) || self->expired();
}

int read_guard::authorize(void* guard, int action, const char* first,
                          const char* second, const char*,
                          const char*) noexcept {
  auto distrusted = static_cast<const read_guard*>(guard)->distrusted_;
  auto yes = [](bool x) { return x ? SQLITE_OK : SQLITE_DENY; };
  switch (action) {
    case SQLITE_SELECT:
      return SQLITE_OK;
    case SQLITE_READ:
      return yes(!distrusted || holds(public_tables, first));
    case SQLITE_FUNCTION:
      return yes(holds(harmless_functions, second));
    default:
      return SQLITE_DENY;
  }
}

} // namespace caps
