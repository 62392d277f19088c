#include "tests/support/catch.hpp"

#include "tests/runtime/support/reference_run.hpp"

#include <algorithm>
#include <cmath>

using caps::test::vector;

namespace {

double relative_error(const vector& x, const vector& expected) {
  REQUIRE(x.size() == expected.size());
  double difference = 0;
  double scale = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    // Not std::max, which would lose a NaN.
    if (!(std::abs(x[i] - expected[i]) <= difference))
      difference = std::abs(x[i] - expected[i]);
    scale = std::max(scale, std::abs(expected[i]));
  }
  return difference / scale;
}

} // namespace

TEST_CASE("actors reproduce the published trajectories",
          "[protocol_reference]") {
  size_t checked = 0;
  for (const auto& file : caps::test::reference_files()) {
    auto x = caps::test::read_reference(file);
    if (x.nodes < 2)
      continue; // an optimizer's trajectory, proved with the rules
    INFO(file.string() << ": " << x.protocol);
    auto steps = x.trajectory.size() - 1;
    auto plan = caps::test::plan_of(x, static_cast<int64_t>(steps));
    auto ours = caps::test::trajectory_of(plan);
    REQUIRE(ours.size() == steps);
    for (size_t k = 0; k < steps; ++k) {
      for (size_t i = 0; i < x.nodes; ++i) {
        INFO("node " << i << " after " << k + 1 << " steps");
        REQUIRE(relative_error(ours[k][i], x.trajectory[k + 1][i]) <= 1e-9);
      }
    }
    ++checked;
  }
  CHECK(checked >= 19);
}
