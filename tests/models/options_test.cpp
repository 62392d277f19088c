#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"
#include "models/registry.hpp"

using namespace std::chrono_literals;

TEST_CASE("durations read and write alike", "[options]") {
  CHECK(caps::parse_duration("30ms") == 30ms);
  CHECK(caps::parse_duration("1.5 s") == 1500ms);
  CHECK(caps::parse_duration("250us") == 250us);
  CHECK(caps::parse_duration("2min") == 2min);
  CHECK(caps::to_text(std::chrono::nanoseconds{1500ms}) == "1500ms");
  CHECK(caps::to_text(std::chrono::nanoseconds{0}) == "0s");
  for (auto bad : {"", "ms", "30", "30 parsecs", "-1s", "nan s", "1e300s"})
    CHECK_THROWS_AS(caps::parse_duration(bad), caps::input_error);
}

TEST_CASE("intervals respect open ends", "[options]") {
  CHECK_FALSE(caps::positive().contains(0));
  CHECK(caps::non_negative().contains(0));
  CHECK_FALSE(caps::between_open(0, 1).contains(1));
  CHECK(caps::at_least(3).contains(3));
}

TEST_CASE("a misspelled name finds its neighbour", "[options]") {
  std::vector<std::string> known{"topology", "training", "seed"};
  CHECK(caps::nearest("topolgy", known) == "topology");
  CHECK(caps::nearest("sed", known) == "seed");
  CHECK(caps::nearest("tets", {"test", "tent"}) == "test");
  CHECK(caps::nearest("zebra", known).empty());
}

TEST_CASE("numbers are written short and exact", "[options]") {
  CHECK(caps::to_text(0.1) == "0.1");
  CHECK(caps::to_text(0.30000000000000004) == "0.30000000000000004");
}
