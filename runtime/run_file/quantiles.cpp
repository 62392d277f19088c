#include "runtime/run_file/quantiles.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <vector>

namespace caps {

namespace {

struct collected {
  std::vector<double> values;
  double percent = 50;
};

/// SQLite keeps one pointer for each group, null at first.
collected** slot_of(sqlite3_context* context, bool create) {
  return static_cast<collected**>(sqlite3_aggregate_context(
    context, create ? static_cast<int>(sizeof(collected*)) : 0));
}

bool is_number(sqlite3_value* x) {
  auto type = sqlite3_value_type(x);
  return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

void fail(sqlite3_context* context, const char* what) {
  sqlite3_result_error(context, what, -1);
}

void step(sqlite3_context* context, int count, sqlite3_value** arguments) {
  auto slot = slot_of(context, true);
  if (slot == nullptr)
    return sqlite3_result_error_nomem(context);
  try {
    if (*slot == nullptr)
      *slot = new collected;
    auto& x = **slot;
    if (count == 2) {
      auto percent = sqlite3_value_double(arguments[1]);
      if (!is_number(arguments[1]) || !(percent >= 0 && percent <= 100))
        return fail(context, "percentile(x, p) takes a p from 0 to 100");
      if (!x.values.empty() && percent != x.percent)
        return fail(context, "percentile(x, p) takes one p for all events");
      x.percent = percent;
    }
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL)
      return;
    if (!is_number(arguments[0]))
      return fail(context, "median and percentile are those of numbers");
    x.values.push_back(sqlite3_value_double(arguments[0]));
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

double quantile(std::vector<double>& values, double percent) {
  auto position = percent / 100 * static_cast<double>(values.size() - 1);
  auto whole = static_cast<std::ptrdiff_t>(position);
  auto at = values.begin() + whole;
  std::nth_element(values.begin(), at, values.end());
  auto share = position - static_cast<double>(whole);
  if (share == 0)
    return *at;
  auto next = *std::min_element(at + 1, values.end());
  return *at + share * (next - *at);
}

void finish(sqlite3_context* context) {
  auto slot = slot_of(context, false);
  if (slot == nullptr || *slot == nullptr)
    return sqlite3_result_null(context);
  std::unique_ptr<collected> x{*slot};
  *slot = nullptr;
  if (x->values.empty())
    return sqlite3_result_null(context);
  sqlite3_result_double(context, quantile(x->values, x->percent));
}

} // namespace

void add_quantiles(SQLite::Database& connection) {
  constexpr auto flags
    = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  for (auto [name, arguments] : {std::pair{"median", 1}, {"percentile", 2}})
    sqlite3_create_function_v2(connection.getHandle(), name, arguments, flags,
                               nullptr, nullptr, step, finish, nullptr);
}

} // namespace caps
