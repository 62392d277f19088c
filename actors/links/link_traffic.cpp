#include "actors/links/link_traffic.hpp"

#include "models/random_state.hpp"
#include "models/state_values.hpp"

#include <algorithm>
#include <cmath>

namespace caps {

namespace {

/// Nobody waits longer than 30 years, and times do not overflow.
constexpr link_traffic::duration forever = std::chrono::hours{24 * 365 * 30};

} // namespace

link_traffic::link_traffic(link_model link, random_stream stream)
  : link_(std::move(link)), stream_(stream) {}

link_traffic::fate link_traffic::send(duration now, size_t bytes) {
  auto left = leave(now, bytes);
  // All is drawn for every message, so that what happens to one does not
  // shift the luck of those after it.
  auto lost = draw(link_.drop);
  auto twice = draw(link_.duplicate);
  auto held_back = draw(link_.reorder) ? link_.reorder_delay : duration{0};
  auto latency = draw_latency();
  fate result;
  result.delays[0] = left + latency + held_back;
  // A trace has one latency per message, copies included.
  if (link_.duplicate > 0)
    result.delays[1]
      = left + (link_.trace_latencies ? latency : draw_latency());
  result.copies = lost ? 0 : twice ? 2 : 1;
  return result;
}

void link_traffic::visit_state(state_visitor& visitor) {
  visit_random(visitor, "stream", stream_);
  visit_value(visitor, "free_at", free_at_);
  visit_value(visitor, "next_in_trace", next_in_trace_);
}

link_traffic::duration link_traffic::leave(duration now, size_t bytes) {
  if (link_.bandwidth == 0)
    return duration{0};
  auto seconds = static_cast<double>(bytes) / link_.bandwidth;
  auto most = static_cast<double>(forever.count());
  auto time
    = duration{static_cast<int64_t>(std::min(std::ceil(seconds * 1e9), most))};
  free_at_ = std::min(std::max(free_at_, now) + time, now + forever);
  return free_at_ - now;
}

link_traffic::duration link_traffic::draw_latency() {
  if (link_.trace_latencies) {
    const auto& all = *link_.trace_latencies;
    return all[next_in_trace_++ % all.size()];
  }
  if (link_.jitter.count() == 0)
    return link_.latency;
  auto deviation = link_.distribution == "uniform" ? 2 * stream_.uniform() - 1
                                                   : stream_.normal();
  auto x = static_cast<double>(link_.latency.count())
           + static_cast<double>(link_.jitter.count()) * deviation;
  return duration{std::max<int64_t>(0, std::llround(x))};
}

bool link_traffic::draw(double probability) {
  return probability > 0 && stream_.uniform() < probability;
}

} // namespace caps
