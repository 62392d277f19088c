// What --force does to a folder of an earlier run. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <set>
#include <sstream>

#include <csignal>

using caps::test::read_text;
using caps::test::workshop;
using caps::test::write_text;

namespace {

using names = std::set<std::string>;

/// All files below a folder, by their paths within it.
names files_below(const std::filesystem::path& folder) {
  names result;
  for (const auto& x : std::filesystem::recursive_directory_iterator{folder})
    if (!x.is_directory())
      result.insert(x.path().lexically_relative(folder).string());
  return result;
}

names listed_in(const std::filesystem::path& folder) {
  std::istringstream in{read_text(folder / "files.txt")};
  names result{"files.txt"};
  for (std::string line; std::getline(in, line);)
    result.insert(line);
  return result;
}

const names three_nodes{"0.safetensors", "1.safetensors", "2.safetensors",
                        "edges.csv",     "files.txt",     "log.txt",
                        "metrics.csv",   "run.caps",      "scenario.toml",
                        "summary.json"};

} // namespace

TEST_CASE("the list of a run names its files and no others", "[earlier_results]") {
  workshop shop;
  REQUIRE(shop.train({"--set", "evaluation.rounds=1"}).code == 0);
  CHECK(listed_in(shop / "out") == files_below(shop / "out"));
}

TEST_CASE("--force replaces a run as a whole", "[earlier_results]") {
  workshop shop;
  REQUIRE(shop
            .train({"--set", "nodes.count=4", "--set", "evaluation.rounds=1"})
            .code
          == 0);
  REQUIRE(files_below(shop / "out").count("3.safetensors") == 1);
  REQUIRE(files_below(shop / "out").count("rounds.csv") == 1);
  write_text(shop / "out" / "notes.md", "mine");
  write_text(shop / "out" / "9.safetensors", "mine");
  auto got = shop.train({"--force"});
  CHECK(got.err == "");
  CHECK(got.code == 0);
  auto expected = three_nodes;
  expected.insert({"notes.md", "9.safetensors"});
  CHECK(files_below(shop / "out") == expected);
  CHECK(read_text(shop / "out" / "9.safetensors") == "mine");
}

TEST_CASE("files of others are no results", "[earlier_results]") {
  workshop shop;
  std::filesystem::create_directory(shop / "out");
  write_text(shop / "out" / "metrics.csv", "mine");
  auto got = shop.train({"--force"});
  CHECK(got.code == 2);
  CHECK(got.err
        == "error: --out out: metrics.csv is there and no result of an earlier "
           "run; give another folder\n");
  CHECK(files_below(shop / "out") == names{"metrics.csv"});
  // A list names nothing outside of its folder.
  write_text(shop / "precious", "mine");
  write_text(shop / "out" / "files.txt", "../precious\nmetrics.csv\n..\n.\n\n");
  CHECK(shop.train({"--force"}).code == 0);
  CHECK(read_text(shop / "precious") == "mine");
}

TEST_CASE("a run that fails at its start loses nothing", "[earlier_results]") {
  workshop shop;
  REQUIRE(shop.train().code == 0);
  auto weights = read_text(shop / "out" / "0.safetensors");
  auto log = read_text(shop / "out" / "log.txt");
  SECTION("before its first file") {
    CHECK(shop.train({"--force", "--set", "model.name=unknown"}).code == 2);
  }
  SECTION("because of somebody else's file") {
    std::filesystem::create_directory(shop / "out" / "rounds.csv");
    CHECK(shop.train({"--force"}).code == 2);
    std::filesystem::remove(shop / "out" / "rounds.csv");
  }
  SECTION("because its own first files cannot be written") {
    caps::test::process_options options;
    options.folder = shop.path();
    auto blocks = GENERATE(0, 1);
    auto got = caps::test::run(
      {"/bin/sh", "-c",
       "trap '' XFSZ; ulimit -f " + std::to_string(blocks) + "; exec "
         + caps::test::program_path()
         + " --scenario scenario.toml --out out --force"},
      options);
    CHECK(got.code == 1);
  }
  SECTION("killed before it starts") {
    // What such a run leaves: its own first files and the earlier results.
    auto aside = shop / "out" / "earlier_results";
    std::filesystem::create_directory(aside);
    for (const auto& x : three_nodes)
      std::filesystem::rename(shop / "out" / x, aside / x);
    write_text(shop / "out" / "log.txt", "new");
    write_text(shop / "out" / "files.txt", "log.txt\n");
    write_text(shop / "out" / "rounds.csv", "mine");
    CHECK(shop.train({"--force"}).code == 2);
    std::filesystem::remove(shop / "out" / "rounds.csv");
  }
  CHECK(files_below(shop / "out") == three_nodes);
  CHECK(read_text(shop / "out" / "0.safetensors") == weights);
  CHECK(read_text(shop / "out" / "log.txt") == log);
}

TEST_CASE("a run that was killed is replaced as well", "[earlier_results]") {
  workshop shop;
  auto run = shop.start({"--set", "training.epochs=1000000"}, {});
  REQUIRE(caps::test::wait_until([&] {
    return std::filesystem::exists(shop / "out" / "metrics.csv")
           && read_text(shop / "out" / "metrics.csv").size() > 1000;
  }));
  run->send_signal(SIGKILL);
  run->wait();
  REQUIRE(files_below(shop / "out").count("summary.json") == 0);
  CHECK(shop.train({"--force"}).code == 0);
  CHECK(files_below(shop / "out") == three_nodes);
}

TEST_CASE("a comparison is replaced with its runs", "[earlier_results]") {
  workshop shop;
  auto compare = [&](const std::string& seeds) {
    return shop.caps({"compare", "scenario.toml", "--seeds", seeds, "--out",
                      "out", "--force"});
  };
  REQUIRE(compare("3").code == 0);
  REQUIRE(files_below(shop / "out").count("tiny-seed3/run.caps") == 1);
  write_text(shop / "out" / "tiny-seed3" / "notes.md", "mine");
  auto got = compare("2");
  CHECK(got.err == "");
  CHECK(got.code == 0);
  names expected{"files.txt", "table.md", "tiny-seed3/notes.md"};
  for (const auto& x : three_nodes)
    expected.insert({"tiny-seed1/" + x, "tiny-seed2/" + x});
  CHECK(files_below(shop / "out") == expected);
}
