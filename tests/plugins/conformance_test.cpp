// What the conformance kit finds in protocols that are broken in known ways,
// and that each failure can be seen again with the command it gives. The
// program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <cstdlib>
#include <sstream>

using caps::test::process_options;
using caps::test::process_result;
using caps::test::workshop;

namespace {

process_result conform(const workshop& shop, const std::string& protocol,
                       std::vector<std::string> more = {},
                       const process_options& options = {}) {
  std::vector<std::string> arguments{
    "conform",    std::string{CAPS_TEST_PLUGINS} + "/broken_protocols.so",
    "--protocol", protocol,
    "--out",      "kit"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return shop.caps(arguments, options);
}

/// Lets a signal end a process whatever it was built with: AddressSanitizer
/// would report it and exit.
process_options with_plain_signals() {
  auto given = std::getenv("ASAN_OPTIONS");
  auto text = given == nullptr ? "" : std::string{given} + ":";
  process_options result;
  result.environment.push_back("ASAN_OPTIONS=" + text + "handle_segv=0");
  return result;
}

/// By check: pass, FAIL or -.
std::map<std::string, std::string> results(const std::string& out) {
  constexpr size_t name_width = 31, result_width = 7;
  std::map<std::string, std::string> found;
  auto trimmed = [](std::string text) {
    return text.substr(0, text.find_last_not_of(' ') + 1);
  };
  std::istringstream lines{out};
  for (std::string line; std::getline(lines, line);) {
    if (line.size() <= name_width + result_width)
      continue;
    auto result = trimmed(line.substr(name_width, result_width));
    if (result == "pass" || result == "FAIL" || result == "-")
      found[trimmed(line.substr(0, name_width))] = result;
  }
  return found;
}

/// The command given for a check.
std::string command_for(const std::string& out, const std::string& check) {
  auto head = "\n" + check + ":\n  ";
  auto begin = out.find(head);
  REQUIRE(begin != std::string::npos);
  begin += head.size();
  return out.substr(begin, out.find('\n', begin) - begin);
}

using table = std::map<std::string, std::string>;

} // namespace

TEST_CASE("a protocol that only works in fair weather is found out",
          "[conformance]") {
  workshop shop;
  auto got = conform(shop, "naive");
  CHECK(got.err == "");
  CHECK(got.code == 1);
  auto found = results(got.out);
  // On the real clock it is luck whether a neighbour gets ahead.
  CHECK(found.erase("across processes") == 1);
  CHECK(found
        == table{{"options", "pass"},
                 {"ideal links", "pass"},
                 {"late links", "FAIL"},
                 {"lossy links", "FAIL"},
                 {"duplicating links", "FAIL"},
                 {"reordering links", "FAIL"},
                 {"crash of any one node", "FAIL"},
                 {"any one node lost", "FAIL"},
                 {"any one lost, then back", "FAIL"},
                 {"any one paused", "FAIL"},
                 {"any one cut off, then healed", "FAIL"},
                 {"same bytes on 1 and 2 threads", "FAIL"},
                 {"convergence", "FAIL"},
                 {"message sizes", "pass"},
                 {"resume from a snapshot", "FAIL"}});
  // The command shows it again.
  auto command = command_for(got.out, "lossy links");
  CHECK(command
        == "caps_runtime --scenario kit/lossy.toml --out kit/lossy "
           "--force --threads 1");
  auto again = shop.caps({"--scenario", "kit/lossy.toml", "--out", "again"});
  CHECK(again.code == 1);
  CHECK_THAT(again.err, Catch::Contains("a message of another step"));
}

TEST_CASE("a protocol that hides what it does is found out", "[conformance]") {
  workshop shop;
  auto got = conform(shop, "careless");
  CHECK(got.code == 1);
  CHECK(results(got.out)
        == table{{"options", "FAIL"},
                 {"ideal links", "pass"},
                 {"late links", "pass"},
                 {"lossy links", "pass"},
                 {"duplicating links", "pass"},
                 {"reordering links", "pass"},
                 {"crash of any one node", "pass"},
                 {"any one node lost", "-"},
                 {"any one lost, then back", "-"},
                 {"any one paused", "-"},
                 {"any one cut off, then healed", "-"},
                 {"same bytes on 1 and 2 threads", "FAIL"},
                 {"convergence", "FAIL"},
                 {"message sizes", "FAIL"},
                 {"across processes", "FAIL"},
                 {"resume from a snapshot", "FAIL"}});
  CHECK_THAT(got.out, Catch::Contains("nothing explains 'strength'"));
  CHECK_THAT(command_for(got.out, "options"),
             starts_with("caps_runtime list protocols --plugin /"));
}

TEST_CASE("a protocol that forgets is found out", "[conformance]") {
  workshop shop;
  auto got = conform(shop, "forgetful");
  CHECK(got.code == 1);
  auto found = results(got.out);
  CHECK(found["resume from a snapshot"] == "FAIL");
  found.erase("resume from a snapshot");
  for (const auto& [check, result] : found) {
    // It says nothing of other neighbours.
    auto expected = check.starts_with("any one") ? "-" : "pass";
    CHECK(check + ": " + result == check + ": " + expected);
  }
  // The command shows it again.
  auto command = command_for(got.out, "resume from a snapshot");
  auto second = command.find(" && caps_runtime replay ");
  REQUIRE(second != std::string::npos);
  auto again = caps::test::run({"/bin/sh", "-c",
                                "cd " + shop.path().string() + " && "
                                  + caps::test::program_path()
                                  + command.substr(second + 16)},
                               {});
  INFO(again.err);
  CHECK(again.code == 1);
  CHECK_THAT(again.out, Catch::Contains("differs"));
  // One that says so is not checked.
  got = conform(shop, "forgetful",
                {"--force", "--set", "protocol.admits=true"});
  CHECK(got.code == 0);
  CHECK(results(got.out)["resume from a snapshot"] == "-");
  CHECK_THAT(got.out, Catch::Contains("forgetful does not show its state"));
}

TEST_CASE("a protocol may do anything and the kit goes on", "[conformance]") {
  workshop shop;
  auto got = conform(shop, "naive", {"--set", "protocol.fault=segfault"},
                     with_plain_signals());
  CHECK(got.code == 1);
  CHECK(results(got.out).size() == 16);
  CHECK_THAT(got.out, Catch::Contains("was ended by signal 11"));
  got = conform(shop, "naive", {"--force", "--set", "protocol.fault=throws"});
  CHECK(results(got.out)["ideal links"] == "FAIL");
  CHECK_THAT(got.out, Catch::Contains("no luck today"));
  got = conform(shop, "naive", {"--force", "--set", "protocol.fault=silent"});
  CHECK(results(got.out)["ideal links"] == "FAIL");
  CHECK(results(got.out)["lossy links"] == "FAIL");
  CHECK_THAT(got.out, Catch::Contains("the run stands still: no node waits"));
  got = conform(shop, "naive",
                {"--force", "--limit", "1", "--set", "protocol.fault=endless"});
  CHECK(results(got.out)["ideal links"] == "FAIL");
  CHECK_THAT(got.out, Catch::Contains("did not end within 1 s"));
}

TEST_CASE("what cannot be checked is refused", "[conformance]") {
  workshop shop;
  auto got = conform(shop, "dsgdd");
  CHECK(got.code == 2);
  CHECK_THAT(got.err, starts_with("error: unknown protocol 'dsgdd' (did you "
                                  "mean 'dsgd'?)"));
  CHECK(conform(shop, "naive", {"--set", "protocol.none=1"}).code == 2);
}
