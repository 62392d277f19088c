// Runs that go wrong on the way. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <csignal>

#include <sys/mount.h>

using caps::test::read_csv;
using caps::test::read_text;
using caps::test::workshop;

namespace {

/// A disk of a few kilobytes, if this user may make one.
class small_disk {
public:
  small_disk(const std::filesystem::path& place, const std::string& size)
    : place_(place) {
    std::filesystem::create_directories(place_);
    mounted_
      = mount("none", place_.c_str(), "tmpfs", 0, ("size=" + size).c_str())
        == 0;
  }

  ~small_disk() {
    if (mounted_)
      umount2(place_.c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }

private:
  std::filesystem::path place_;
  bool mounted_ = false;
};

} // namespace

TEST_CASE("a run that diverges says where and keeps its outputs", "[failure]") {
  auto more = GENERATE(std::vector<std::string>{},
                       std::vector<std::string>{"--clock", "real"},
                       std::vector<std::string>{"--processes", "3"});
  workshop shop;
  more.insert(more.end(), {"--set", "optimizer.lr=1e30", "--threads", "1"});
  auto got = shop.train(more);
  CHECK(got.code == 4);
  // On the real clock any node may be the first.
  CHECK_THAT(got.err, contains("error: node "));
  CHECK_THAT(got.err, contains(" diverged: its training loss is "));
  CHECK_THAT(got.err, contains(" at step 2; a smaller optimizer.lr usually "
                               "helps\n"));
  if (more.size() == 4)
    CHECK(got.err
          == "error: node 0 diverged: its training loss is nan at step 2; a "
             "smaller optimizer.lr usually helps\n");
  auto summary
    = nlohmann::json::parse(read_text(shop / "out" / "summary.json"));
  CHECK(summary["exit_code"] == 4);
  CHECK("error: " + summary["error"].get<std::string>() + "\n" == got.err);
  auto table = read_csv(shop / "out" / "metrics.csv");
  REQUIRE(table.rows.size() == 3);
  // Others may not have made their first update yet.
  auto diverged = got.err.substr(std::string{"error: node "}.size(), 1);
  for (auto& row : table.rows)
    if (row["node"] == diverged)
      CHECK(row["test_loss"] == "nan");
  for (auto file : {"0.safetensors", "1.safetensors", "2.safetensors"})
    CHECK(std::filesystem::exists(shop / "out" / file));
}

TEST_CASE("a full disk is told at once and does not stop the training",
          "[failure]") {
  workshop shop{};
  small_disk disk{shop / "out", "24k"};
  if (!disk.mounted()) {
    WARN("only root can make a disk to fill");
    return;
  }
  auto got = shop.train({"--set", "training.epochs=60", "--record", "off"});
  CHECK(got.code == 1);
  // The log or a table hits the end of the disk first.
  CHECK_THAT(got.err,
             contains(".csv: No space left on device; the run goes on\n"));
  CHECK_THAT(got.out, contains("epoch 60/60"));
  auto text = read_text(shop / "out" / "metrics.csv");
  CHECK(text.back() == '\n');
  auto table = read_csv(shop / "out" / "metrics.csv");
  REQUIRE(table.rows.size() > 3);
  CHECK(table.rows.back().at("bytes_sent") != "");
  // Nothing half-written is left.
  for (const auto& x : std::filesystem::directory_iterator{shop / "out"})
    CHECK(x.path().extension() != ".tmp");
}

TEST_CASE("a disk full from the start is an error", "[failure]") {
  workshop shop;
  // Room for the list of the files and for the scenario.
  small_disk disk{shop / "out", "8k"};
  if (!disk.mounted()) {
    WARN("only root can make a disk to fill");
    return;
  }
  auto got = shop.train({"--record", "off"});
  CHECK(got.code == 1);
  // The log, which a run can do without, is told of before.
  CHECK_THAT(got.err, contains("error: cannot write out/metrics.csv: No space "
                               "left on device\n"));
}

TEST_CASE("a disk without room for the weights is refused", "[failure]") {
  workshop shop;
  small_disk disk{shop / "out", "4k"};
  if (!disk.mounted()) {
    WARN("only root can make a disk to fill");
    return;
  }
  auto got = shop.train({"--record", "off"});
  CHECK(got.code == 1);
  CHECK(got.err
        == "error: out: the weights of 3 nodes take 4.6 kB, and 4.1 kB are "
           "free there\n");
  CHECK(std::filesystem::is_empty(shop / "out"));
}

TEST_CASE("a late message ends the run if it must not be missed", "[failure]") {
  workshop shop{caps::test::tiny_scenario
                + "[swaps]\ntimeout = \"50ms\"\nmax_missed = 0\n"
                  "[[edge]]\nfrom = 2\nto = 1\nboth_ways = false\n"
                  "latency = \"1s\"\n"};
  auto got = shop.train();
  CHECK(got.code == 5);
  CHECK(got.err
        == "error: node 1 has waited 0.050 s for the message of step 1 from "
           "node 2, longer than swaps.timeout (50ms)\n");
}
