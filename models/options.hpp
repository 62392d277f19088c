#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// The values a number may take. An open end excludes the bound itself.
template <class T>
struct interval {
  T min = std::numeric_limits<T>::lowest();
  T max = std::numeric_limits<T>::max();
  bool min_open = false;
  bool max_open = false;

  bool contains(T x) const {
    return (min_open ? x > min : x >= min) && (max_open ? x < max : x <= max);
  }
};

/// Greater than zero.
inline interval<double> positive() {
  return {.min = 0, .min_open = true};
}

/// Zero or more.
inline interval<double> non_negative() {
  return {.min = 0};
}

/// From `min` to `max`, both included.
inline interval<double> between(double min, double max) {
  return {.min = min, .max = max};
}

/// From `min` to `max`, the upper bound excluded.
inline interval<double> between_open(double min, double max) {
  return {.min = min, .max = max, .max_open = true};
}

/// `min` or more.
inline interval<int64_t> at_least(int64_t min) {
  return {.min = min};
}

/// Visits the options of a component: each is named, typed, documented and
/// range-checked in one place, the component's `describe(option_visitor&)`.
/// Reading a scenario, writing the resolved one and listing the options are
/// visitors, so the three cannot disagree.
///
/// An option's value before the visit is its default.
class option_visitor {
public:
  using duration = std::chrono::nanoseconds;

  virtual ~option_visitor() = default;

  virtual void boolean(std::string_view name, bool& value, std::string_view doc)
    = 0;

  virtual void integer(std::string_view name, int64_t& value,
                       const interval<int64_t>& range, std::string_view doc)
    = 0;

  virtual void real(std::string_view name, double& value,
                    const interval<double>& range, std::string_view doc)
    = 0;

  virtual void text(std::string_view name, std::string& value,
                    std::string_view doc)
    = 0;

  /// One of `choices`.
  virtual void choice(std::string_view name, std::string& value,
                      const std::vector<std::string_view>& choices,
                      std::string_view doc)
    = 0;

  /// A length of time, written as a number and a unit ("30ms", "1.5s").
  /// Negative times are refused.
  virtual void time(std::string_view name, duration& value,
                    std::string_view doc)
    = 0;

  virtual void integers(std::string_view name, std::vector<int64_t>& value,
                        const interval<int64_t>& range, std::string_view doc)
    = 0;

  virtual void reals(std::string_view name, std::vector<double>& value,
                     const interval<double>& range, std::string_view doc)
    = 0;

  virtual void texts(std::string_view name, std::vector<std::string>& value,
                     std::string_view doc)
    = 0;

  /// Says that option `name`, shown before, changes nothing with the values
  /// that all have now, and why ("there is no momentum"). Whoever reads a
  /// scenario warns if it was given another value than its default.
  virtual void idle(std::string_view /*name*/, std::string_view /*why*/) {}

  /// The same for an option that says the contrary of another: it is refused
  /// if it was given another value than its default.
  virtual void contradicts(std::string_view /*name*/,
                           std::string_view /*why*/) {}
};

/// A component that has options and makes a `Product` from them. Options are
/// read first (through `describe`), then `make` is called; it throws
/// `input_error` when options that are right one by one do not fit together
/// or do not fit the arguments.
template <class Product, class... Context>
class recipe {
public:
  virtual ~recipe() = default;

  /// Shows every option to `visitor`.
  virtual void describe(option_visitor&) {}

  virtual Product make(Context... context) const = 0;
};

/// The way of writing numbers shared by messages, tables and scenarios: the
/// shortest text that reads back as the same number.
std::string to_text(double x);

/// Writes a length of time with the largest unit that keeps it exact.
std::string to_text(std::chrono::nanoseconds x);

/// Reads "30ms", "1.5 s", "250us", "2min"; throws `input_error` otherwise.
std::chrono::nanoseconds parse_duration(std::string_view text);

} // namespace caps
