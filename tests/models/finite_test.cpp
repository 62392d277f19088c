#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "models/finite.hpp"

#include <ATen/ops/ones.h>

#include <cmath>

TEST_CASE("the first number that is none is named", "[finite]") {
  caps::parameter_layout layout;
  layout.add("fc1.weight", {100, 50}, caps::parameter_kind::weight);
  layout.add("fc2.weight", {10, 10}, caps::parameter_kind::weight);
  auto dtype = GENERATE(at::kFloat, at::kDouble, at::kHalf);
  auto x = at::ones({5100}, dtype);
  CHECK_NOTHROW(caps::check_finite(layout, x, "gradient"));
  x[5003] = NAN;
  x[5005] = -INFINITY;
  CHECK_THROWS_WITH(
    caps::check_finite(layout, x, "gradient"),
    "gradient of 'fc2.weight' is nan at element 3 (2 of its 100 elements and 2 "
    "of all 5100 are not finite)");
  x[7] = INFINITY;
  CHECK_THROWS_WITH(caps::check_finite(layout, x, "gradient"),
                    contains("'fc1.weight' is inf at element 7"));
  CHECK_THROWS_AS(caps::check_finite(layout, x, "gradient"),
                  caps::diverged_error);
  CHECK_THROWS_AS(caps::check_finite(layout, at::ones({3}), "gradient"),
                  caps::error);
}
