#include "models/options.hpp"

#include "models/errors.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace caps {

namespace {

struct unit {
  std::string_view name;
  int64_t nanoseconds;
};

// Largest first: to_text takes the first that divides the time.
constexpr std::array units{
  unit{"h", 3'600'000'000'000}, unit{"min", 60'000'000'000},
  unit{"s", 1'000'000'000},     unit{"ms", 1'000'000},
  unit{"us", 1'000},            unit{"ns", 1},
};

} // namespace

std::string to_text(double x) {
  if (std::isnan(x))
    return "nan"; // its sign means nothing
  std::array<char, 32> buffer{};
  auto [end, failure] = std::to_chars(buffer.data(),
                                      buffer.data() + buffer.size(), x);
  static_cast<void>(failure); // 32 characters hold any double
  return {buffer.data(), end};
}

std::string to_text(std::chrono::nanoseconds x) {
  if (x.count() == 0)
    return "0s";
  for (const auto& u : units)
    if (x.count() % u.nanoseconds == 0)
      return std::to_string(x.count() / u.nanoseconds) + std::string{u.name};
  return std::to_string(x.count()) + "ns";
}

std::chrono::nanoseconds parse_duration(std::string_view text) {
  auto refuse = [&]() -> input_error {
    return input_error("'" + std::string{text}
                       + "' is no length of time: expected a number and a unit "
                         "(ns, us, ms, s, min, h), such as \"30ms\"");
  };
  double number = 0;
  auto first = text.data();
  auto last = text.data() + text.size();
  auto [end, failure] = std::from_chars(first, last, number);
  if (failure != std::errc{} || !std::isfinite(number) || number < 0)
    throw refuse();
  auto name = std::string_view{end, static_cast<size_t>(last - end)};
  while (!name.empty() && name.front() == ' ')
    name.remove_prefix(1);
  for (const auto& u : units) {
    if (u.name != name)
      continue;
    auto count = std::round(number * static_cast<double>(u.nanoseconds));
    if (count > 9e18)
      throw refuse();
    return std::chrono::nanoseconds{static_cast<int64_t>(count)};
  }
  throw refuse();
}

} // namespace caps
