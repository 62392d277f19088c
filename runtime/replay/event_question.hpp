#pragma once

#include "runtime/run_file/query.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// SQL of a user about the events of a recording: a predicate, and sometimes
/// what to compute of the events it holds for.
///
/// Names that may stand in it are the columns of `event`, and
/// - `node`: the destination, or the node of the metric;
/// - `seconds`: time on the run's clock;
/// - every metric by its name (in double quotes where it has dots), which has
///   a value at the event at which it was reported, and `epoch`, its epoch.
///   One named like a column of `event` has "metric_" in front.
class event_question {
public:
  struct parts {
    /// Empty: all events.
    std::string condition;
    /// Expressions separated by commas, each with a name of its own if there is
    /// an AS; empty: nothing but the condition.
    std::string expressions;
    /// What to group by; empty: nothing.
    std::string groups;
  };

  /// Throws `input_error` saying what cannot be understood, and what there is.
  event_question(recording_file& file, parts asked);

  /// SELECT `columns` of the events that meet the condition; `tail` follows
  /// the condition (AND, GROUP BY, ORDER BY, LIMIT).
  query ask(std::string_view columns, std::string_view tail) const;

  /// Whether the expressions are of all events together (such as count(*)).
  bool sums_up() const noexcept { return sums_up_; }

  const parts& asked() const noexcept { return asked_; }

private:
  void compile(std::string_view columns, std::string_view tail);
  void find_sums();
  std::string wide_rows() const;
  std::string explained(const std::string& problem) const;

  recording_file& file_;
  parts asked_;
  /// FROM, with metrics only where they are asked for: they cost time.
  std::string rows_;
  bool sums_up_ = false;
};

/// The names that may stand in a question.
std::vector<std::string> question_columns(const recording_file& file);

} // namespace caps
