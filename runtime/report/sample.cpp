#include "runtime/report/sample.hpp"

#include <fmt/format.h>

#include <cmath>

namespace caps {

double sample::mean() const {
  double sum = 0;
  for (auto x : values_)
    sum += x;
  return sum / static_cast<double>(values_.size());
}

double sample::deviation() const {
  auto m = mean();
  double squares = 0;
  for (auto x : values_)
    squares += (x - m) * (x - m);
  return std::sqrt(squares / static_cast<double>(values_.size() - 1));
}

std::string sample::text(double scale, int digits) const {
  if (values_.empty())
    return "-";
  auto result = fmt::format("{:.{}f}", scale * mean(), digits);
  if (values_.size() > 1)
    result += fmt::format(" ± {:.{}f}", scale * deviation(), digits);
  return result;
}

} // namespace caps
