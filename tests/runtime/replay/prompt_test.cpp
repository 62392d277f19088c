#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/replay/line_editor.hpp"
#include "runtime/replay/prompt.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "tests/runtime/replay/made_recording.hpp"
#include "tests/runtime/replay/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace caps;
using namespace caps::test;
using json = nlohmann::json;

namespace {

struct opened {
  explicit opened(const made_recording& made)
    : file(made.file()), states(file), walk(file, states) {}

  recording_file file;
  snapshot_states states;
  session walk;
};

/// What `run` prints into a file.
template <class F>
std::string printed(const made_recording& made, F run) {
  auto path = made / "printed";
  auto out = std::fopen(path.c_str(), "w");
  REQUIRE(out != nullptr);
  run(out);
  std::fclose(out);
  return read_text(path);
}

/// The prompt on a recording, with its history beside it.
int prompt(const made_recording& made) {
  ::setenv("XDG_STATE_HOME", made.file().parent_path().c_str(), 1);
  opened x{made};
  run_prompt(x.walk, answer_format::text);
  return 7;
}

} // namespace

TEST_CASE("lines are executed up to the first error", "[prompt]") {
  made_recording made;
  make_ring(made, 2);
  made.commit();
  opened x{made};
  auto text = printed(made, [&](std::FILE* out) {
    CHECK_THROWS_AS(
      run_lines(x.walk, {"goto 7", "leap", "goto 9"}, answer_format::text, out),
      input_error);
  });
  CHECK_THAT(text, contains("#7 at 12ms") && !contains("#9"));
  CHECK(x.walk.place().position() == 7);
  std::istringstream lines{"# remark\n\nstep\nquit\nleap\n"};
  text = printed(made, [&](std::FILE* out) {
    run_lines(x.walk, lines, answer_format::text, out);
  });
  CHECK_THAT(text, contains("#8 at 12ms"));
}

TEST_CASE("every answer is one line of JSON", "[prompt]") {
  made_recording made;
  make_ring(made, 2);
  made.commit();
  opened x{made};
  auto text = printed(made, [&](std::FILE* out) {
    CHECK_THROWS_AS(run_lines(x.walk,
                              {"goto 7", "nodes", "show 0", "help", "marks", "",
                               "why", "leap"},
                              answer_format::json, out),
                    input_error);
  });
  std::istringstream lines{text};
  std::vector<json> answers;
  for (std::string line; std::getline(lines, line);)
    answers.push_back(json::parse(line));
  REQUIRE(answers.size() == 7);
  CHECK(answers[0]["command"] == "goto");
  CHECK(answers[0]["event"]["time"] == 12'000'000);
  CHECK(answers[6]["command"] == "leap");
  CHECK_THAT(answers[6]["error"].get<std::string>(),
             contains("unknown command"));
}

TEST_CASE("output that gets lost is an error", "[prompt]") {
  made_recording made;
  make_ring(made, 2);
  made.commit();
  opened x{made};
  auto full = std::fopen("/dev/full", "w");
  REQUIRE(full != nullptr);
  CHECK_THROWS_WITH(run_lines(x.walk, {"nodes"}, answer_format::text, full),
                    contains("cannot write to standard output"));
  std::fclose(full);
}

TEST_CASE("a user talks to a recording", "[prompt]") {
  made_recording made;
  make_ring(made, 200);
  made.commit();
  {
    terminal screen{[&] { return prompt(made); }};
    REQUIRE(screen.shows("1803 events of 3 nodes"));
    REQUIRE(screen.shows("start> "));
    screen.type("goto 7\r");
    REQUIRE(screen.shows("parameters of node 0 to node 1"));
    REQUIRE(screen.shows("#7 12ms> "));
    // Editing: go back to the beginning of the line.
    screen.type("ere\x01wh\r");
    REQUIRE(screen.shows("7 of 1803 events"));
    REQUIRE(screen.shows("#7 12ms> "));
    // Errors do not end it.
    screen.type("leap\r");
    REQUIRE(screen.shows("error: unknown command 'leap'"));
    REQUIRE(screen.shows("#7 12ms> "));
    // Completion: of one word, and of several.
    screen.type("unt\t");
    REQUIRE(screen.shows("il"));
    screen.type("\t");
    REQUIRE(screen.shows("until-back"));
    screen.type(" stal\t");
    REQUIRE(screen.shows("eness "));
    screen.type("= 2\r");
    REQUIRE(screen.shows("#25 at 32ms"));
    REQUIRE(screen.shows("#25 32ms> "));
    // Ctrl-C drops a line.
    screen.type("goto end\x03");
    REQUIRE(screen.shows("^C"));
    REQUIRE(screen.shows("#25 32ms> "));
    // History.
    screen.type("\x10\x10\x10\x10\r");
    REQUIRE(screen.shows("#7 12ms> "));
    CHECK(screen.leave("\x04") == 7);
  }
  // The next session remembers the lines of this one.
  terminal screen{[&] { return prompt(made); }};
  REQUIRE(screen.shows("start> "));
  screen.type("\x10\r");
  REQUIRE(screen.shows("#7 12ms> "));
  CHECK(screen.leave("quit\r") == 7);
}

TEST_CASE("Ctrl-C stops a search", "[prompt]") {
  made_recording made;
  make_ring(made, 200);
  made.commit();
  terminal screen{[&] { return prompt(made); }};
  REQUIRE(screen.shows("start> "));
  screen.type("until (select count(*) from event a, event b, event c) < 0\r");
  REQUIRE(screen.shows("< 0\r\n"));
  screen.type("\x03");
  REQUIRE(screen.shows("error: cancelled"));
  REQUIRE(screen.shows("start> "));
  CHECK(screen.leave("\x04") == 7);
}
