// Whom a run on the real clock waits for.

#include "tests/support/catch.hpp"

#include "runtime/run/wait_notice.hpp"

using caps::wait_notice;

namespace {

using namespace std::chrono_literals;

const wait_notice::clock::time_point noon{12h};

} // namespace

TEST_CASE("a silent run says whom it waits for, less and less often",
          "[wait_notice]") {
  wait_notice notice{3, noon};
  CHECK_FALSE(notice.take(noon + 29s));
  CHECK(notice.take(noon + 30s)
        == "nothing new for 30 s: the run waits for node 0 (step 0), node 1 "
           "(step 0), node 2 (step 0)");
  CHECK_FALSE(notice.take(noon + 59s));
  CHECK(notice.take(noon + 60s));
  CHECK_FALSE(notice.take(noon + 119s));
  // Whatever comes makes it patient again.
  notice.hear(1, 40, noon + 119s);
  notice.finish(0, noon + 119s);
  CHECK_FALSE(notice.take(noon + 148s));
  CHECK(notice.take(noon + 149s)
        == "nothing new for 30 s: the run waits for node 1 (step 40), node 2 "
           "(step 0)");
}

TEST_CASE("when all nodes are done a run waits for the evaluator",
          "[wait_notice]") {
  wait_notice notice{2, noon};
  notice.finish(0, noon);
  notice.finish(1, noon);
  notice.hear(1, 40, noon); // late
  CHECK(notice.take(noon + 31s)
        == "nothing new for 31 s: the run waits for the evaluator");
}

TEST_CASE("of many nodes some are named", "[wait_notice]") {
  wait_notice notice{100, noon};
  auto text = notice.take(noon + 30s);
  REQUIRE(text);
  CHECK(text->ends_with("node 4 (step 0) and 95 more"));
}
