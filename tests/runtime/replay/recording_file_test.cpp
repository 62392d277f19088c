#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/replay/recorded_event.hpp"
#include "runtime/replay/session.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "tests/runtime/replay/made_recording.hpp"

#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

using namespace caps;
using namespace caps::test;

namespace {

/// Asks all that can be asked; input errors are of places, names and nodes that
/// are not there any more.
void walk_through(recording_file& file) {
  snapshot_states states{file};
  session walk{file, states};
  for (auto line :
       {"goto end", "nodes", "where", "back 3 step", "goto round 2",
        "until-back staleness > 1", "messages", "print count(*) at 1 by kind",
        "why", "until test_loss < 0.3", "show 0 weights", "goto end",
        "show 2 weights", "show 1 inbox", "show 1 options", "diff 0 1",
        "when 1 a", "plot test_loss"})
    try {
      walk.execute(line);
    } catch (const input_error&) {}
}

/// The message of the `data_error` that opening the file throws.
std::string refusal(const std::filesystem::path& file) {
  try {
    recording_file opened{file};
  } catch (const data_error& e) {
    return e.what();
  }
  return "not refused";
}

/// The same for a good recording to which something was done.
std::string refusal_after(const std::string& sql) {
  made_recording made;
  make_ring(made, 2);
  made.execute(sql);
  made.commit();
  return refusal(made.file());
}

} // namespace

TEST_CASE("a recording is opened with what it holds", "[recording_file]") {
  made_recording made;
  make_ring(made, 4);
  made.commit();
  recording_file file{made.file()};
  CHECK(file.events() == 3 + 9 * 4);
  CHECK(file.first() == 1);
  CHECK(file.last() == 39);
  CHECK(file.meta("level") == "events");
  CHECK_FALSE(file.meta("nothing"));
  CHECK(file.metrics() == std::vector<std::string>{"test_loss"});
  REQUIRE(file.nodes().size() == 3);
  CHECK(file.node(1).neighbours == std::vector<int64_t>{0, 2});
  CHECK_THROWS_WITH(file.node(3), contains("expected one from 0 to 2"));
  auto event = find_event(file, 7);
  REQUIRE(event);
  CHECK(to_text(*event) == "#7 at 12ms: parameters of node 0 to node 1");
  CHECK_FALSE(event->state);
  CHECK(event->cause == 4);
}

TEST_CASE("what is no recording is refused", "[recording_file]") {
  made_recording made;
  made.commit();
  CHECK_THAT(refusal(made / "none.caps"), contains("there is no such file"));
  CHECK_THAT(refusal(made.file().parent_path()), contains("not a file"));
  write_text(made / "text.caps", std::string(5000, 'x'));
  CHECK_THAT(refusal(made / "text.caps"), contains("not a recording"));
  write_text(made / "empty.caps", "");
  CHECK_THAT(refusal(made / "empty.caps"), contains("no table 'meta'"));
  CHECK_THAT(refusal(made / "what?#%.caps"), contains("no such file"));
}

TEST_CASE("a file with more than a recording's tables is refused",
          "[recording_file]") {
  CHECK(refusal_after("SELECT 1") == "not refused");
  CHECK_THAT(refusal_after("CREATE VIEW '\x1b[2J' AS SELECT 1"),
             contains("holds the view '?[2J'"));
  CHECK_THAT(refusal_after("CREATE VIEW x AS SELECT 1"),
             contains("holds the view 'x'"));
  CHECK_THAT(refusal_after("DROP TABLE note; CREATE VIEW note AS SELECT 1"),
             contains("holds the view 'note'"));
  CHECK_THAT(refusal_after("CREATE TRIGGER x AFTER INSERT ON note BEGIN "
                           "DELETE FROM event; END"),
             contains("holds the trigger 'x'"));
  CHECK_THAT(refusal_after("CREATE VIRTUAL TABLE x USING fts5(a)"),
             contains("holds the table 'x"));
  CHECK_THAT(refusal_after("CREATE INDEX x ON event(abs(time))"),
             contains("holds the index 'x'"));
  CHECK_THAT(refusal_after("DROP TABLE payload"),
             contains("table 'payload' is not that of a recording"));
  CHECK_THAT(refusal_after("ALTER TABLE event ADD COLUMN x INTEGER"),
             contains("table 'event' is not that of a recording"));
  CHECK_THAT(refusal_after("UPDATE meta SET value = '99' WHERE key = 'schema'"),
             contains("a recording of schema 99"));
  CHECK_THAT(refusal_after("UPDATE node SET neighbours = 'all'"),
             contains("neighbours of node 0"));
}

TEST_CASE("a run that goes on can be read", "[recording_file]") {
  made_recording made;
  made.commit();
  made.execute("COMMIT; PRAGMA journal_mode = WAL; BEGIN");
  make_ring(made, 2);
  made.commit();
  recording_file file{made.file()};
  CHECK(file.events() == 21);
}

TEST_CASE("damage is found or harmless", "[recording_file]") {
  made_recording made;
  make_ring(made, 30);
  made.commit();
  auto whole = read_text(made.file());
  std::mt19937_64 random{5};
  auto damaged = made / "damaged.caps";
  int found = 0;
  for (int round = 0; round < 500; ++round) {
    auto bytes = whole;
    if (round % 5 == 0)
      bytes.resize(random() % whole.size());
    else
      bytes[random() % whole.size()]
        ^= static_cast<char>(1 << static_cast<int>(random() % 8));
    write_text(damaged, bytes);
    INFO("round " << round);
    try {
      recording_file file{damaged};
      walk_through(file);
    } catch (const error& e) {
      REQUIRE(e.code() == exit_code::bad_data);
      ++found;
    }
  }
  CHECK(found > 100);
}

TEST_CASE("a snapshot is checked before it is shown", "[recording_file]") {
  made_recording made;
  make_ring(made, 2);
  made.execute("UPDATE snapshot SET bytes = zeroblob(20) WHERE id = 5");
  made.commit();
  recording_file file{made.file()};
  snapshot_states states{file};
  CHECK(states.find(state_kind::weights, 0, file.last()));
  CHECK_THROWS_WITH(states.find(state_kind::weights, 1, file.last()),
                    contains("does not match its checksum"));
}
