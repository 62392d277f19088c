#include "tests/support/catch.hpp"

#include "runtime/replay/session.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "tests/runtime/replay/made_recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>

using namespace caps;
using namespace caps::test;

namespace {

/// Events of the recording that is measured on.
constexpr int64_t events = 2'000'001;

double seconds(const std::function<void()>& f) {
  auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
    .count();
}

/// The time that 95 % of the commands stay below, in seconds; prints it and
/// the longest. Each begins at a place of its own.
double p95(session& walk, const std::string& what, int count,
           const std::function<std::string()>& line) {
  std::mt19937_64 random{1};
  std::uniform_int_distribution<int64_t> places{1000, events};
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    walk.execute(fmt::format("goto {}", places(random)));
    auto text = line();
    times.push_back(seconds([&] { walk.execute(text); }));
  }
  std::ranges::sort(times);
  auto result = times[static_cast<size_t>(0.95 * count)];
  fmt::print("{:<28} p95 {:8.2f} ms, longest {:8.2f} ms\n", what, 1e3 * result,
             1e3 * times.back());
  return result;
}

} // namespace

// Hidden: takes a minute, and its limits hold on a machine that does nothing
// else. tests_replay "[.speed]"
TEST_CASE("two million events are walked through at once", "[.speed]") {
  made_recording made;
  make_ring(made, (events - 3) / 9);
  made.commit();
  fmt::print("{} events, {:.0f} bytes each\n", events,
             static_cast<double>(std::filesystem::file_size(made.file()))
               / static_cast<double>(events));
  std::optional<recording_file> file;
  fmt::print("opened in {:.1f} ms\n",
             1e3 * seconds([&] { file.emplace(made.file()); }));
  snapshot_states states{*file};
  session walk{*file, states};
  std::mt19937_64 random{1};
  auto place = [&](int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>{from, to}(random);
  };

  walk.execute("goto end");
  auto first = seconds([&] { walk.execute("back step"); });
  fmt::print("first step back from the end  {:8.2f} ms\n", 1e3 * first);
  CHECK(first < 2);
  for (std::string unit : {"event", "step", "round", "epoch"})
    CHECK(p95(walk, "back " + unit, 200, [&] { return "back " + unit; }) < 0.1);
  for (std::string unit : {"event", "step", "round", "epoch"})
    CHECK(p95(walk, "goto " + unit, 100,
              [&] {
                return fmt::format("goto {} {}", unit, place(1, events / 18));
              })
          < 2);
  CHECK(p95(walk, "goto time", 100,
            [&] { return fmt::format("goto {}ms", place(1, 10 * events / 9)); })
        < 2);
  p95(walk, "nodes", 100, [] { return "nodes"; });
  p95(walk, "show 1 inbox", 20, [] { return "show 1 inbox"; });

  for (std::string condition :
       {"kind = 'gradient' and staleness > 4", "time - sent > 1e12",
        "test_loss < 0", "test_loss < 0 or norm > 5"}) {
    walk.execute("goto start");
    auto time = seconds([&] {
      CHECK(walk.execute("until " + condition).json["found"] == false);
    });
    fmt::print("until {:<36} {:10.0f} events/s\n", condition,
               static_cast<double>(events) / time);
    CHECK(static_cast<double>(events) / time > 500'000);
  }
  walk.execute("goto end");
  auto time = seconds([&] {
    CHECK(walk.execute("until-back staleness > 4").json["found"] == false);
  });
  fmt::print("until-back {:<31} {:10.0f} events/s\n", "staleness > 4",
             static_cast<double>(events) / time);
  CHECK(static_cast<double>(events) / time > 500'000);
}
