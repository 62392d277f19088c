#include "tests/support/catch.hpp"

#include "actors/compute/compute_pool.hpp"

#include <atomic>
#include <set>
#include <stdexcept>

using caps::compute_pool;

TEST_CASE("a pool computes everything once", "[compute_pool]") {
  auto threads = GENERATE(size_t{0}, size_t{1}, size_t{4});
  compute_pool pool{threads};
  std::vector<std::atomic<int>> times(500);
  std::vector<compute_pool::ticket> tickets;
  for (auto& x : times)
    tickets.push_back(pool.submit([&x] { ++x; }));
  // In any order, and again.
  for (auto i = tickets.rbegin(); i != tickets.rend(); ++i)
    pool.wait(*i);
  for (const auto& x : tickets)
    pool.wait(x);
  for (const auto& x : times)
    REQUIRE(x == 1);
}

TEST_CASE("who waits computes", "[compute_pool]") {
  compute_pool pool{0};
  std::set<std::thread::id> threads;
  auto work = [&] { threads.insert(std::this_thread::get_id()); };
  pool.submit(work);
  pool.wait(pool.submit(work));
  CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("jobs start in the order they came", "[compute_pool]") {
  compute_pool pool{0};
  std::vector<int> order;
  compute_pool::ticket last;
  for (int i = 0; i < 20; ++i)
    last = pool.submit([&order, i] { order.push_back(i); });
  pool.wait(last);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.size() == 20);
}

TEST_CASE("a pool rethrows and goes on", "[compute_pool]") {
  auto threads = GENERATE(size_t{0}, size_t{2});
  compute_pool pool{threads};
  auto bad = pool.submit([] { throw std::runtime_error("no"); });
  int done = 0;
  auto good = pool.submit([&done] { ++done; });
  CHECK_THROWS_WITH(pool.wait(bad), "no");
  CHECK_THROWS_WITH(pool.wait(bad), "no");
  CHECK_NOTHROW(pool.wait(good));
  CHECK(done == 1);
}

TEST_CASE("a job has let go of everything when it has ended",
          "[compute_pool]") {
  auto threads = GENERATE(size_t{0}, size_t{2});
  compute_pool pool{threads};
  for (int i = 0; i < 200; ++i) {
    auto held = std::make_shared<int>(1);
    auto ticket = pool.submit([held] { REQUIRE(*held == 1); });
    pool.wait(ticket);
    REQUIRE(held.use_count() == 1);
  }
}

TEST_CASE("a callback comes after its job, also a failed one",
          "[compute_pool]") {
  std::atomic<int> computed = 0;
  std::atomic<int> told = 0;
  {
    compute_pool pool{2};
    for (int i = 0; i < 100; ++i)
      pool.submit(
        [&, i] {
          ++computed;
          if (i % 10 == 0)
            throw std::runtime_error("no");
        },
        [&](const compute_pool::ticket&) {
          // Its own job is among those computed.
          if (computed > told)
            ++told;
        });
    while (told < 100)
      std::this_thread::yield();
  }
  CHECK(computed == 100);
}

TEST_CASE("a pool that goes away drops what has not started",
          "[compute_pool]") {
  std::atomic<int> started = 0;
  {
    compute_pool pool{0};
    for (int i = 0; i < 10; ++i)
      pool.submit([&] { ++started; });
  }
  CHECK(started == 0);
}
