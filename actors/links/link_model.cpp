#include "actors/links/link_model.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string_view>

namespace caps {

namespace {

/// Longer times are mistakes, and sums of these do not overflow.
constexpr std::chrono::seconds time_max = std::chrono::hours{24};

void check_time(const char* name, link_model::duration x) {
  if (x > time_max)
    throw input_error(
      fmt::format("{} is {}, more than a day", name, to_text(x)));
}

} // namespace

bool link_model::ideal() const noexcept {
  return latency.count() == 0 && jitter.count() == 0 && bandwidth == 0
         && drop == 0 && duplicate == 0 && reorder == 0 && trace.empty();
}

void link_model::describe(option_visitor& visitor) {
  visitor.time("latency", latency, "mean time from sending to delivery");
  visitor.time("jitter", jitter,
               "how far the latency of a message varies; messages may then "
               "overtake each other");
  visitor.choice(
    "distribution", distribution, {"gaussian", "uniform"},
    "of the latency (cut off at 0): gaussian with jitter as standard "
    "deviation, or uniform with jitter as largest deviation");
  visitor.real("bandwidth", bandwidth, non_negative(),
               "bytes per second; messages queue behind each other; 0 for no "
               "limit");
  visitor.real("drop", drop, between(0, 1),
               "probability that a message is lost");
  visitor.real("duplicate", duplicate, between(0, 1),
               "probability that a message arrives twice");
  visitor.real("reorder", reorder, between(0, 1),
               "probability that a message is held back by reorder_delay");
  visitor.time("reorder_delay", reorder_delay,
               "how long a message is held back");
  visitor.text("trace", trace,
               "file of latencies in seconds, one per line and message, over "
               "and over, in place of latency and jitter");
  if (jitter.count() == 0)
    visitor.idle("distribution", "there is no jitter");
  if (reorder == 0)
    visitor.contradicts("reorder_delay",
                        "reorder is 0, so no message is held back");
}

void link_model::check() const {
  check_time("latency", latency);
  check_time("jitter", jitter);
  check_time("reorder_delay", reorder_delay);
  if (!trace.empty() && (latency.count() != 0 || jitter.count() != 0))
    throw input_error(fmt::format("trace = \"{}\" takes the place of latency "
                                  "and jitter, but latency is {} and jitter {}",
                                  trace, to_text(latency), to_text(jitter)));
  if (reorder > 0 && reorder_delay.count() == 0)
    throw input_error(fmt::format("reorder is {}, but reorder_delay is 0s, so "
                                  "no message would be held back",
                                  to_text(reorder)));
}

void link_model::read_trace() {
  if (!trace.empty())
    trace_latencies
      = std::make_shared<const std::vector<duration>>(read_latencies(trace));
}

namespace {

std::string_view without_comment(std::string_view line) {
  line = line.substr(0, line.find('#'));
  auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos)
    return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

link_model::duration parse_latency(std::string_view text,
                                   const std::string& file, size_t line) {
  constexpr auto most = static_cast<double>(time_max.count());
  double seconds = 0;
  auto [end, problem]
    = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // NaN is not in the range either.
  if (problem != std::errc{} || end != text.data() + text.size()
      || !(seconds >= 0 && seconds <= most))
    throw input_error(fmt::format("{}:{}: '{}' is no latency: expected one "
                                  "number of seconds from 0 to {}",
                                  file, line, text, most));
  return link_model::duration{std::llround(seconds * 1e9)};
}

} // namespace

std::vector<link_model::duration> read_latencies(const std::string& file) {
  std::ifstream in{file};
  // A folder opens, but cannot be read from.
  if (!in || in.peek() == std::ifstream::traits_type::eof())
    throw input_error(fmt::format(
      "{}: cannot read latencies: {}", file,
      in.is_open() && !in.bad() ? "the file is empty" : std::strerror(errno)));
  std::vector<link_model::duration> result;
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (auto text = without_comment(line); !text.empty())
      result.push_back(parse_latency(text, file, number));
  }
  if (result.empty())
    throw input_error(
      fmt::format("{}:{}: the file ends without a latency", file, number));
  return result;
}

} // namespace caps
