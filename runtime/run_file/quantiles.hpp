#pragma once

#include <SQLiteCpp/Database.h>

namespace caps {

/// Adds to what SQL on a recording can compute of many values:
///
///     median(x)         the middle one, or the mean of the two in the middle
///     percentile(x, p)  p % of the values are below it, 0 <= p <= 100; between
///                       two values in proportion (as NumPy does)
///
/// Both leave out NULL, give NULL where there is nothing else, and are errors
/// for what is no number.
void add_quantiles(SQLite::Database& connection);

} // namespace caps
