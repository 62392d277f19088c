#pragma once

#include "actors/node/node.hpp"
#include "messages/error_code.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

// How a node handles an event; for the files that implement it.

namespace caps {

template <class F>
void node::handle(const event_origin& origin, const caf::message& content,
                  F f) {
  events_.begin(origin, clock().now().time_since_epoch(), step());
  const auto& weights = parameters().weights();
  auto version = weights.version();
  if (adapted_ != environment_->changed)
    adapt();
  if (phase_ != phase::finished)
    f();
  if (std::exchange(ends_, false))
    report_end();
  events_.end(origin, content, step(), weights, weights.version() != version);
  if (entered_)
    take_kept();
}

template <class F>
void node::guarded(F f) {
  auto give_up = [this](error_code code, const std::exception& e) {
    fail(code,
         fmt::format("node {} at step {}: {}", id(), step() + 1, e.what()));
  };
  try {
    f();
  } catch (const error& e) {
    give_up(e.code() == exit_code::diverged ? error_code::diverged
                                            : error_code::fault,
            e);
  } catch (const std::exception& e) {
    give_up(error_code::fault, e);
  }
}

} // namespace caps
