#include "actors/compute/compute_model.hpp"

#include <algorithm>
#include <cmath>

namespace caps {

namespace {

using duration = compute_model::duration;

duration draw(duration mean, duration deviation, random_stream& stream) {
  if (deviation.count() == 0)
    return mean;
  auto x = static_cast<double>(mean.count())
           + static_cast<double>(deviation.count()) * stream.normal();
  return duration{std::max<int64_t>(0, std::llround(x))};
}

} // namespace

void compute_model::describe(option_visitor& visitor) {
  visitor.time("step_time", step_time,
               "mean time of one gradient on the virtual clock; the real "
               "clock takes the time the machine needs");
  visitor.time("step_time_std", step_time_std,
               "standard deviation of step_time (normal, cut off at 0)");
  visitor.real("factor", factor, positive(),
               "the node computes slower by this factor, on both clocks");
  visitor.time("delay", delay,
               "mean of a delay added to every gradient, on both clocks");
  visitor.time("delay_std", delay_std,
               "standard deviation of delay (normal, cut off at 0)");
}

duration compute_model::draw_step_time(random_stream& stream) const {
  auto x = draw(step_time, step_time_std, stream);
  return duration{std::llround(static_cast<double>(x.count()) * factor)};
}

duration compute_model::draw_delay(random_stream& stream) const {
  return draw(delay, delay_std, stream);
}

} // namespace caps
