// Completion of the command line, the manual page, and --version. The program
// itself is run, and bash.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <set>

using caps::test::workshop;
using caps::test::write_text;

namespace {

/// The words that bash offers for the last of these.
std::string completed(const workshop& shop, const std::string& words) {
  caps::test::process_options options;
  options.folder = shop.path();
  auto got = caps::test::run(
    {"/bin/bash", "-c",
     "source completion; COMP_WORDS=(" + words
       + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _caps_runtime; "
         "echo \"${COMPREPLY[@]}\""},
    options);
  CHECK(got.err == "");
  CHECK(got.code == 0);
  return got.out;
}

/// The long options in a text, each once.
std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> result;
  for (auto i = text.find("--"); i != std::string::npos;
       i = text.find("--", i + 2)) {
    auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", i);
    if (end > i + 2)
      result.insert(text.substr(i, end - i));
  }
  return result;
}

const std::vector<std::string> commands{"check", "compare",  "study",  "list",
                                        "conform", "document", "verify", "fork",
                                        "diff",  "replay"};

} // namespace

TEST_CASE("bash completes the command line", "[command_reference]") {
  workshop shop;
  auto script = shop.caps({"document", "bash"});
  REQUIRE(script.code == 0);
  write_text(shop / "completion", script.out);
  CHECK(completed(shop, "caps_runtime che") == "check\n");
  CHECK(completed(shop, "caps_runtime --scen") == "--scenario\n");
  CHECK(completed(shop, "caps_runtime --clock ''") == "virtual real\n");
  CHECK(completed(shop, "caps_runtime check --clo") == "--clock\n");
  CHECK(completed(shop, "caps_runtime list swa") == "swaps\n");
  CHECK(completed(shop, "caps_runtime document z") == "zsh\n");
  // Files are left to bash itself, and there is nothing to say of numbers.
  CHECK(completed(shop, "caps_runtime check sc") == "\n");
  CHECK(completed(shop, "caps_runtime --out check") == "\n");
  CHECK(completed(shop, "caps_runtime --seed ''") == "\n");
}

TEST_CASE("references name every option of --help", "[command_reference]") {
  workshop shop;
  auto man = shop.caps({"document", "man"}).out;
  auto plain = man;
  for (auto i = plain.find("\\-"); i != std::string::npos;
       i = plain.find("\\-", i))
    plain.erase(i, 1);
  auto bash = shop.caps({"document", "bash"}).out;
  auto zsh = shop.caps({"document", "zsh"}).out;
  CHECK_THAT(man, starts_with(".TH CAPS_RUNTIME 1 "));
  CHECK_THAT(zsh, starts_with("#compdef caps_runtime\n"));
  for (const auto& command : commands) {
    auto help = shop.caps({command, "--help"});
    REQUIRE(help.code == 0);
    auto options = options_in(help.out);
    CHECK(options.size() >= 1);
    for (const auto& reference : {plain, bash, zsh}) {
      CHECK_THAT(reference, contains(command));
      auto known = options_in(reference);
      for (const auto& x : options)
        CHECK((x + " " + std::to_string(known.count(x))) == x + " 1");
    }
  }
  // What the launcher alone passes is for nobody else.
  CHECK(options_in(plain).count("--join") == 0);
  CHECK(shop.caps({"document", "poems"}).code == 2);
}

TEST_CASE("--version names what decides the arithmetic",
          "[command_reference]") {
  workshop shop;
  auto got = shop.caps({"--version"});
  CHECK(got.code == 0);
  for (auto part : {"caps_runtime ", "CAF 0.17", "LibTorch ", "\ncompiler: ",
                    "\nCPU kernels: ", " (LibTorch)"})
    CHECK_THAT(got.out, contains(part));
  caps::test::process_options options;
  auto portable = caps::test::run({"/bin/sh", "-c",
                                   "ATEN_CPU_CAPABILITY=default "
                                     + caps::test::program_path()
                                     + " --version"},
                                  options);
  CHECK_THAT(portable.out, contains("default (LibTorch)"));
}
