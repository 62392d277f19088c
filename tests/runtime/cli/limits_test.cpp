// Machines that give a run less than it needs. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <algorithm>

using caps::test::process_result;
using caps::test::workshop;

namespace {

/// Runs scenario.toml in `shop` after a shell has said `limit`.
process_result train_within(const workshop& shop, const std::string& limit,
                            const std::string& more) {
  caps::test::process_options options;
  options.folder = shop.path();
  return caps::test::run({"/bin/sh", "-c",
                          limit + "; exec " + caps::test::program_path()
                            + " --scenario scenario.toml --out out --force "
                              "--quiet --threads 2 "
                            + more},
                         options);
}

bool is_one_error(const std::string& text) {
  return text.starts_with("error: ") && std::ranges::count(text, '\n') == 1
         && text.ends_with('\n');
}

} // namespace

TEST_CASE("too few files for processes are told of in one line", "[limits]") {
  workshop shop;
  auto got = train_within(shop, "ulimit -n 16", "--processes 3");
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 1);
  CHECK_THAT(got.err, contains("files and connections at once, but may have 16 "
                               "(ulimit -n)"));
  CHECK(is_one_error(got.err));
  // As many as it asks for are enough.
  auto needs = got.err.substr(std::string{"error: needs "}.size());
  auto count = needs.substr(0, needs.find(' '));
  got = train_within(shop, "ulimit -n " + count, "--processes 3");
  CHECK(got.err == "");
  CHECK(got.code == 0);
}

TEST_CASE("a limit that may be raised is raised", "[limits]") {
  workshop shop;
  auto got = train_within(shop, "ulimit -S -n 16", "--processes 3");
  CHECK(got.err == "");
  CHECK(got.code == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("too little memory is told of in one line", "[limits]") {
  workshop shop;
  auto more = GENERATE(as<std::string>{}, "--clock virtual", "--clock real",
                       "--processes 2");
  // From too little for anything (the loader says so) to enough.
  for (int megabytes = 500; megabytes < 2500; megabytes += 200) {
    auto got = train_within(
      shop, "ulimit -v " + std::to_string(megabytes * 1000), more);
    INFO(megabytes << " MB: " << got.err);
    CHECK_FALSE(got.timed_out);
    if (got.code == 0)
      CHECK(got.err == "");
    else if (got.code != 127)
      CHECK((got.code == 1 && got.err.starts_with("error: ")));
  }
}
#endif
