#include "runtime/recording/event_check.hpp"

#include "models/options.hpp"

#include <fmt/format.h>

#include <string_view>

namespace caps {

namespace {

template <class T>
std::string value_text(const T& x) {
  if constexpr (std::is_same_v<T, std::string>)
    return x;
  else if constexpr (std::is_same_v<T, double>)
    return to_text(x);
  else
    return std::to_string(x);
}

template <class T>
std::string value_text(const std::optional<T>& x) {
  return x ? value_text(*x) : "none";
}

} // namespace

std::vector<std::string> differences(const event_row& recorded,
                                     const event_row& now) {
  std::vector<std::string> result;
  auto compare = [&](const char* name, const auto& a, const auto& b) {
    if (!(a == b))
      result.push_back(
        fmt::format("{}: {}, {}", name, value_text(a), value_text(b)));
  };
  compare("sequence", recorded.sequence, now.sequence);
  compare("time", recorded.time, now.time);
  compare("kind", recorded.kind, now.kind);
  compare("source", recorded.source, now.source);
  compare("destination", recorded.destination, now.destination);
  compare("message", recorded.message, now.message);
  compare("step", recorded.step, now.step);
  compare("version", recorded.version, now.version);
  compare("staleness", recorded.staleness, now.staleness);
  compare("bytes", recorded.bytes, now.bytes);
  compare("digest", recorded.digest, now.digest);
  compare("state", recorded.state, now.state);
  compare("node_step", recorded.node_step, now.node_step);
  compare("loss", recorded.loss, now.loss);
  compare("norm", recorded.norm, now.norm);
  compare("cause", recorded.cause, now.cause);
  compare("sent", recorded.sent, now.sent);
  return result;
}

std::string event_text(const event_row& x) {
  auto who = x.source >= 0 && x.source != x.destination
               ? fmt::format("{} from node {} to node {}", x.kind, x.source,
                             x.destination)
               : fmt::format("{} at node {}", x.kind, x.destination);
  return fmt::format("event {} ({})", x.sequence, who);
}

} // namespace caps
