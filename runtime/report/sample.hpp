#pragma once

#include <string>
#include <vector>

namespace caps {

/// One number over several runs.
class sample {
public:
  void add(double x) { values_.push_back(x); }

  bool empty() const noexcept { return values_.empty(); }

  size_t size() const noexcept { return values_.size(); }

  const std::vector<double>& values() const noexcept { return values_; }

  double mean() const;

  /// Standard deviation of the sample; @pre two values at least
  double deviation() const;

  /// "81.20" or, of several values, "81.20 ± 0.31"; "-" of none.
  std::string text(double scale, int digits) const;

private:
  std::vector<double> values_;
};

} // namespace caps
