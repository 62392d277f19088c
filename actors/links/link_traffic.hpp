#pragma once

#include "actors/links/link_model.hpp"
#include "models/random_stream.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace caps {

class state_visitor;

/// What becomes of the messages of one link, one after the other. A function of
/// the link, the random stream, and the times and sizes of the messages alone.
class link_traffic {
public:
  using duration = link_model::duration;

  /// Delays after which copies of a message are delivered: none if it is
  /// lost, two if it is duplicated.
  struct fate {
    std::array<duration, 2> delays{};
    size_t copies = 0;
  };

  /// `link` has passed its check, and its trace is read.
  link_traffic(link_model link, random_stream stream);

  /// A message of `bytes` is sent at `now`, which never goes back. It first
  /// waits until those before it have left, then leaves at the link's
  /// bandwidth, and then takes its latency. What is lost has left before.
  fate send(duration now, size_t bytes);

  /// Treats the messages from here on as another link does.
  void change(link_model link) { link_ = std::move(link); }

  /// Shows where the link stands, itself aside.
  void visit_state(state_visitor& visitor);

private:
  /// Time until the last byte of a message has left.
  duration leave(duration now, size_t bytes);

  duration draw_latency();

  bool draw(double probability);

  link_model link_;
  random_stream stream_;
  /// When the last message so far has left.
  duration free_at_{0};
  size_t next_in_trace_ = 0;
};

} // namespace caps
