// What the program says of plug-ins that it cannot use, and where it looks for
// those it can. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <sys/stat.h>

#include <filesystem>

using caps::test::process_options;
using caps::test::process_result;
using caps::test::read_text;
using caps::test::tiny_scenario;
using caps::test::workshop;
using caps::test::write_text;

namespace {

std::string plugin(const std::string& name) {
  return std::string{CAPS_TEST_PLUGINS} + "/" + name + ".so";
}

process_result list_with(const std::string& file,
                         const std::string& fault = "") {
  process_options options;
  options.environment = {"CAPS_TEST_FAULT=" + fault};
  return workshop{}.caps({"list", "optimizers", "--plugin", file}, options);
}

void check_refused(const process_result& got, const std::string& expected) {
  CHECK(got.err == "error: " + expected + "\n");
  CHECK(got.out == "");
  CHECK(got.code == 2);
}

} // namespace

TEST_CASE("files that are no plug-ins are refused", "[loading]") {
  workshop shop;
  auto load = [&](const std::string& file) {
    return shop.caps({"list", "models", "--plugin", file});
  };
  check_refused(load("none.so"), "plug-in none.so cannot be read: No such file "
                                 "or directory");
  check_refused(load("."), "plug-in . is no file, expected a shared library");
  mkfifo((shop / "pipe.so").c_str(), 0600);
  check_refused(load("pipe.so"),
                "plug-in pipe.so is no file, expected a shared library");
  check_refused(load("scenario.toml"),
                "plug-in scenario.toml is no shared library");
  write_text(shop / "empty.so", "");
  check_refused(load("empty.so"), "plug-in empty.so is no shared library");
  write_text(shop / "short.so", "\x7f"
                                "ELF and nothing else");
  check_refused(load("short.so"), "plug-in short.so is cut off");
  auto whole = read_text(plugin("fails_to_register"));
  // What is loaded lies in front; names for a debugger may be missing.
  for (auto part : {0.01, 0.1, 0.25}) {
    auto size = static_cast<double>(whole.size()) * part;
    write_text(shop / "cut.so", whole.substr(0, static_cast<size_t>(size)));
    check_refused(load("cut.so"), "plug-in cut.so is cut off");
  }
  auto other = whole;
  other[16] = 1; // an object file
  write_text(shop / "other.so", other);
  check_refused(load("other.so"),
                "plug-in other.so is no shared library of this machine");
  // A library, but of somebody else.
  other = whole;
  for (size_t i; (i = other.find("caps plug-in abi")) != std::string::npos;)
    other[i] = 'C';
  write_text(shop / "other.so", other);
  check_refused(load("other.so"), "plug-in other.so is no plug-in: it has no "
                                  "caps_plugin(), which CAPS_PLUGIN makes");
}

TEST_CASE("a plug-in of another version is not even loaded", "[loading]") {
  auto file = plugin("other_version");
  check_refused(list_with(file),
                "plug-in " + file
                  + " was not built for this program (caps is 0.0.1 there "
                    "and 0.1.0 here); build it again");
}

TEST_CASE("a plug-in without its parts is refused", "[loading]") {
  auto file = plugin("missing_function");
  check_refused(list_with(file),
                "plug-in " + file
                  + " cannot be loaded: undefined symbol: caps::removed(char "
                    "const*, double)");
  file = plugin("no_entry");
  check_refused(list_with(file), "plug-in " + file
                                   + " cannot be loaded: undefined symbol: "
                                     "caps_plugin");
}

TEST_CASE("a plug-in that fails to register is refused", "[loading]") {
  auto file = plugin("fails_to_register");
  auto fails = "plug-in " + file + " fails to add its components";
  check_refused(list_with(file, "twice"),
                fails + ": optimizer 'twin' is registered twice");
  check_refused(list_with(file, "taken"),
                fails + ": protocol 'dsgd' is registered twice");
  check_refused(list_with(file, "message"),
                fails
                  + ": message type 'caps::tensor_payload' is registered "
                    "twice");
  check_refused(list_with(file, "throws"), fails + ": the moon is full");
  check_refused(list_with(file, "throws a number"),
                fails + ", and does not say why");
}

TEST_CASE("a plug-in adds to what can be listed", "[loading]") {
  auto got = list_with(plugin("fails_to_register"));
  CHECK(got.code == 0);
  CHECK_THAT(got.out, Catch::Contains("\ntwin\n"));
  CHECK_THAT(workshop{}.caps({"list", "optimizers"}).out,
             !Catch::Contains("twin"));
}

TEST_CASE("a scenario names plug-ins relative to itself", "[loading]") {
  workshop shop;
  std::filesystem::create_directories(shop / "base/lib");
  std::filesystem::copy_file(plugin("fails_to_register"),
                             shop / "base/lib/twin.so");
  auto use = "[optimizer]\nname = \"twin\"\nlr = 0.01\n";
  // In a file that includes another one, the other one's folder counts.
  write_text(shop / "base/base.toml",
             tiny_scenario + "[plugins]\nload = [\"lib/twin.so\"]\n");
  write_text(shop / "scenario.toml",
             std::string{"include = \"base/base.toml\"\n"} + use);
  auto got = shop.train();
  CHECK(got.err == "");
  REQUIRE(got.code == 0);
  // The scenario a run leaves behind works from everywhere.
  auto absolute = std::filesystem::canonical(shop / "base/lib/twin.so");
  auto resolved = read_text(shop / "out/scenario.toml");
  CHECK_THAT(resolved, Catch::Contains("[plugins]\nload = [\""
                                       + absolute.string() + "\"]"));
  write_text(shop / "base/scenario.toml", resolved);
  CHECK(shop.caps({"check", "base/scenario.toml"}).code == 0);
  // On the command line it is relative to the working directory.
  write_text(shop / "scenario.toml", tiny_scenario + use);
  CHECK(shop.caps({"check", "scenario.toml"}).code == 2);
  for (const std::string option : {"--plugin=base/lib/twin.so",
                                   "--set=plugins.load=['base/lib/twin.so']"}) {
    auto checked = shop.caps({"check", "scenario.toml", option});
    CHECK(checked.err == "");
    CHECK_THAT(checked.out, Catch::Contains(absolute.string()));
  }
  // One file in both places is one plug-in.
  write_text(shop / "scenario.toml", tiny_scenario + use
                                       + "[plugins]\nload = "
                                         "[\"base/lib/twin.so\"]\n");
  CHECK(
    shop.caps({"check", "scenario.toml", "--plugin", "base/lib/twin.so"}).code
    == 0);
  CHECK(shop.train({"--force", "--processes", "2"}).code == 0);
}

TEST_CASE("a wrong [plugins] is told with its place", "[loading]") {
  auto check = [](const std::string& list, const std::string& expected) {
    workshop shop{"[plugins]\nload = " + list + "\n"};
    check_refused(shop.caps({"check", "scenario.toml"}), expected);
  };
  check("[\"none.so\"]", "scenario.toml:2:9: plugins.load: plug-in none.so "
                         "cannot be read: No such file or directory");
  check("[7]", "scenario.toml:2:9: plugins.load: expected strings, found 7 "
               "(integer)");
  check("\"none.so\"", "scenario.toml:2:8: plugins.load: expected an array, "
                       "found \"none.so\" (string)");
}

TEST_CASE("a recording loads no plug-in by itself", "[loading]") {
  workshop shop{tiny_scenario
                + "[optimizer]\nname = \"twin\"\nlr = 0.01\n"};
  auto file = plugin("fails_to_register");
  REQUIRE(shop.train({"--plugin", file, "--record", "events"}).code == 0);
  const std::string recording = "out/run.caps";
  const std::vector<std::vector<std::string>> commands{
    {"replay", recording, "--verify"},
    {"fork", recording, "--at", "5", "--out", "fork", "--force", "--quiet"}};
  for (auto command : commands) {
    check_refused(shop.caps(command),
                  recording + ": it was made with the plug-in " + file
                    + ", whose code would run in this program; if you know "
                      "where it comes from, load it with --plugin "
                    + file + ", or with --trust whatever the recording names");
    command.insert(command.end(), {"--plugin", file});
    CHECK(shop.caps(command).code == 0);
    command.resize(command.size() - 2);
    command.emplace_back("--trust");
    CHECK(shop.caps(command).code == 0);
  }
  auto replay = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command{"replay", recording, "--command",
                                     "exact on", "--command", "step 5"};
    command.insert(command.end(), more.begin(), more.end());
    return shop.caps(command);
  };
  CHECK_THAT(replay({}).err, Catch::Contains("with --trust"));
  CHECK(replay({"--trust"}).code == 0);
  // What needs none of its code goes without.
  CHECK(shop.caps({"replay", recording, "--command", "step 5"}).code == 0);
}
