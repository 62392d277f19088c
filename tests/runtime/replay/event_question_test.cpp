#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/replay/event_question.hpp"
#include "runtime/replay/sql_text.hpp"
#include "runtime/run_file/recording_file.hpp"
#include "tests/runtime/replay/made_recording.hpp"

#include <atomic>

using namespace caps;
using namespace caps::test;

namespace {

/// A ring of 8 steps.
struct fixture {
  fixture() {
    make_ring(made, 8);
    made.commit();
    opened.emplace(made.file());
  }

  recording_file& file() { return *opened; }

  int64_t count(const std::string& condition) {
    auto q = event_question{file(), {condition, {}, {}}}.ask("count(*)", "");
    return q.next() ? q.integer(0).value_or(-1) : -1;
  }

  std::string refusal(const std::string& condition) {
    try {
      event_question{file(), {condition, {}, {}}}.ask("1", "").next();
    } catch (const input_error& e) {
      return e.what();
    }
    return "not refused";
  }

  made_recording made;
  std::optional<recording_file> opened;
};

} // namespace

TEST_CASE_METHOD(fixture, "conditions pick events", "[event_question]") {
  CHECK(count("") == 75);
  CHECK(count("kind = 'parameters'") == 48);
  CHECK(count("kind = 'parameters' and staleness > 1") == 12);
  CHECK(count("node = 2 and source = 0") == 8);
  CHECK(count("seconds between 0.03 and 0.04") == 9 + 3);
  CHECK(count("event.time - sent > 5e6") == 24);
  CHECK(count("kind like 'grad%' or state is not null") == 24);
  CHECK(count("loss = (select min(loss) from event)") == 3);
}

TEST_CASE_METHOD(fixture, "metrics are columns", "[event_question]") {
  CHECK(count("test_loss < 0.4") == 6);
  CHECK(count("test_loss < 0.4 and node = 1") == 2);
  CHECK(count("epoch = 2") == 3);
  CHECK(count("test_loss is null and kind = 'start'") == 3);
  auto q = event_question{file(), {"test_loss < 0.6", {}, {}}}.ask(
    "sequence", "ORDER BY sequence LIMIT 1");
  REQUIRE(q.next());
  CHECK(q.integer(0) == 3 + 9 * 4);
}

TEST_CASE("metrics may have any name", "[event_question]") {
  made_recording made;
  make_ring(made, 2);
  made.metric(5, 0, 0, 1, "edge.\"distance'.1", 3);
  made.metric(5, 0, 0, 1, "loss", 4);
  made.metric(5, 0, 0, 1, std::string(300, 'x'), 5);
  made.commit();
  recording_file file{made.file()};
  auto first = [&](const std::string& condition) {
    auto q = event_question{file, {condition, {}, {}}}.ask("sequence", "");
    return q.next() ? q.integer(0) : std::nullopt;
  };
  CHECK(first("\"edge.\"\"distance'.1\" = 3") == 5);
  CHECK(first("metric_loss = 4") == 5);
  CHECK_FALSE(first("test_loss > 100"));
}

TEST_CASE_METHOD(fixture, "questions may compute", "[event_question]") {
  event_question sum{file(), {"kind = 'parameters'", "avg(staleness)", ""}};
  CHECK(sum.sums_up());
  event_question each{file(), {"", "staleness, max(step, version)", ""}};
  CHECK_FALSE(each.sums_up());
  event_question metrics{file(), {"", "min(test_loss)", ""}};
  CHECK(metrics.sums_up());
  auto q = metrics.ask("min(test_loss)", "");
  REQUIRE(q.next());
  CHECK(q.real(0) == 0.25);
  CHECK_THROWS_WITH((event_question{file(), {"", "stalenes", ""}}),
                    contains("did you mean 'staleness'?"));
}

TEST_CASE_METHOD(fixture, "wrong conditions are explained",
                 "[event_question]") {
  CHECK_THAT(refusal("stalenes > 4"), contains("did you mean 'staleness'?"));
  CHECK_THAT(refusal("kind = gradient"), contains("single quotes"));
  CHECK_THAT(refusal("kind = \"gradient\""), contains("single quotes"));
  CHECK_THAT(refusal("staleness >"), contains("cannot understand"));
  CHECK_THAT(refusal("test_los < 1"), contains("did you mean 'test_loss'?"));
  CHECK_THAT(refusal("kind = 'x"), contains("' is not closed"));
  CHECK_THAT(refusal("(step = 1"), contains("( is not closed"));
}

TEST_CASE_METHOD(fixture, "conditions can do nothing but read",
                 "[event_question]") {
  for (auto text :
       {"1) or (1",
        "1; delete from event",
        "1 -- x",
        "1 /* x */",
        "?",
        ":x",
        "load_extension('x')",
        "readfile('/etc/passwd')",
        "writefile('x', 'y')",
        "randomblob(1000000000)",
        "zeroblob(1000000000) is null",
        "printf('%*d', 900000000, 1)",
        "replace(kind, 'a', kind)",
        "fts3_tokenizer('simple')",
        "sqlite_version() > 3",
        "(select count(*) from sqlite_master) > 0",
        "(select value from meta where key = 'seed') = 1",
        "(select bytes from snapshot) is null",
        "(select 1 from pragma_database_list)",
        "(with recursive x(n) as (select 1 union all select n + 1 from x) "
        "select max(n) from x)"}) {
    INFO(text);
    CHECK_THAT(refusal(text), !contains("not refused"));
  }
  CHECK(count("1") == 75);
}

TEST_CASE_METHOD(fixture, "what takes too long is stopped",
                 "[event_question]") {
  auto slow = "(select count(*) from event a, event b, event c, event d) > 0";
  file().guard().limit(std::chrono::milliseconds{20});
  try {
    count(slow);
    FAIL("was not stopped");
  } catch (const error& e) {
    CHECK_THAT(e.what(), contains("stopped after 20ms"));
    CHECK(e.code() == exit_code::failure);
  }
  file().guard().limit(std::chrono::minutes{1});
  std::atomic<bool> cancelled{true};
  file().guard().watch(&cancelled);
  try {
    count(slow);
    FAIL("was not cancelled");
  } catch (const error& e) {
    CHECK(e.code() == exit_code::interrupted);
  }
  cancelled = false;
  CHECK(count("1") == 75);
}

TEST_CASE("words of SQL are found", "[event_question]") {
  CHECK(find_sql_word("avg(x) at kind = 'a'", "at") == 7);
  CHECK(find_sql_word("avg(x) AT 1", "at") == 7);
  CHECK(find_sql_word("'at' || that || (1 at 2) || \"at\"", "at")
        == std::string_view::npos);
  CHECK(find_sql_word("'open at", "at") == std::string_view::npos);
}
