#include "runtime/run_file/query.hpp"

#include "runtime/run_file/recording_file.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

namespace caps {

namespace {

/// What `f` returns; errors of SQLite become those of the file.
template <class F>
auto on(recording_file& file, F f) {
  try {
    return f();
  } catch (const SQLite::Exception& e) {
    file.fail(e);
  }
}

} // namespace

query::query(recording_file& file, const std::string& sql)
  : file_(file), statement_(on(file, [&] {
      return SQLite::Statement{file.connection(), sql};
    })) {}

query& query::bind(int64_t x) {
  on(file_, [&] { statement_.bind(++bound_, x); });
  return *this;
}

query& query::bind(const std::string& x) {
  on(file_, [&] { statement_.bind(++bound_, x); });
  return *this;
}

bool query::next() {
  return on(file_, [&] { return statement_.executeStep(); });
}

std::optional<int64_t> query::integer(int column) {
  auto x = statement_.getColumn(column);
  if (!x.isInteger())
    return std::nullopt;
  return x.getInt64();
}

std::optional<double> query::real(int column) {
  auto x = statement_.getColumn(column);
  if (!x.isInteger() && !x.isFloat())
    return std::nullopt;
  return x.getDouble();
}

std::string query::text(int column) {
  return statement_.getColumn(column).getString();
}

std::string query::bytes(int column) {
  return text(column);
}

bool query::is_null(int column) {
  return statement_.getColumn(column).isNull();
}

bool query::is_integer(int column) {
  return statement_.getColumn(column).isInteger();
}

bool query::is_real(int column) {
  return statement_.getColumn(column).isFloat();
}

} // namespace caps
