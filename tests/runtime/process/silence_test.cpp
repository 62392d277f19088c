#include "tests/support/catch.hpp"

#include "models/random_stream.hpp"
#include "runtime/process/silence.hpp"

using namespace caps;
using namespace std::chrono_literals;

namespace {

/// Whether anybody who is heard so is taken for gone.
bool raises_false_alarm(silence& x, int signs, silence::duration every,
                        silence::duration jitter) {
  random_stream random{1, 0, "signs of life"};
  for (int i = 0; i < signs; ++i) {
    auto gap = every
               + std::chrono::duration_cast<silence::duration>(random.uniform()
                                                               * jitter);
    if (gap > x.limit())
      return true;
    x.hear(gap);
  }
  return false;
}

} // namespace

TEST_CASE("a fixed silence holds from the first sign on", "[silence]") {
  silence x{3s};
  CHECK(x.fixed() == 3s);
  CHECK(x.limit() == silence::adaptive_max); // it starts
  for (int i = 0; i < 100; ++i) {
    x.hear(1ms);
    CHECK(x.limit() == 3s);
  }
}

TEST_CASE("who says little at first is given time", "[silence]") {
  silence x;
  CHECK_FALSE(x.fixed());
  CHECK(x.limit() == silence::adaptive_max);
  for (int i = 0; i < 7; ++i)
    x.hear(100ms);
  CHECK(x.limit() == silence::adaptive_max);
  x.hear(100ms);
  CHECK(x.limit() == silence::adaptive_min);
}

TEST_CASE("the more irregular, the longer the silence", "[silence]") {
  silence regular, irregular, hopeless;
  // 20 minutes of signs.
  CHECK_FALSE(raises_false_alarm(regular, 12'000, 100ms, 5ms));
  CHECK(regular.limit() == silence::adaptive_min);
  CHECK_FALSE(raises_false_alarm(irregular, 8'000, 100ms, 400ms));
  CHECK(irregular.limit() > silence::adaptive_min);
  CHECK(irregular.limit() < 3s);
  CHECK_FALSE(raises_false_alarm(hopeless, 1'000, 1s, 4s));
  CHECK(hopeless.limit() == silence::adaptive_max);
}

TEST_CASE("what was long ago is forgotten", "[silence]") {
  silence x;
  for (int i = 0; i < 100; ++i)
    x.hear(i % 2 == 0 ? 100ms : 900ms);
  CHECK(x.limit() > 5s);
  for (int i = 0; i < 64; ++i)
    x.hear(100ms);
  CHECK(x.limit() == silence::adaptive_min);
}
