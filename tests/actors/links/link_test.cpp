// Links: what happens to messages (link_traffic), and that the actor beside the
// sender does just that, on the deterministic coordinator.

#include "tests/support/catch.hpp"

#include "actors/links/delay_injector.hpp"
#include "models/errors.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace std::chrono_literals;

using caps::link_model;
using caps::link_traffic;
using duration = link_model::duration;

namespace {

link_traffic traffic_of(link_model link, uint64_t seed = 1) {
  return {std::move(link), caps::random_stream{seed, 0, "link 1"}};
}

/// Delays of the first copies of `count` messages, lost ones left out.
std::vector<double> delays_in_s(link_traffic traffic, int count) {
  std::vector<double> result;
  for (int i = 0; i < count; ++i)
    if (auto x = traffic.send(0s, 1000); x.copies > 0)
      result.push_back(std::chrono::duration<double>(x.delays[0]).count());
  return result;
}

double mean(const std::vector<double>& xs) {
  double sum = 0;
  for (auto x : xs)
    sum += x;
  return sum / static_cast<double>(xs.size());
}

double deviation(const std::vector<double>& xs) {
  auto middle = mean(xs);
  double sum = 0;
  for (auto x : xs)
    sum += (x - middle) * (x - middle);
  return std::sqrt(sum / static_cast<double>(xs.size()));
}

/// A trace that goes away with this object.
struct trace_file {
  explicit trace_file(const std::string& text)
    : path((std::filesystem::temp_directory_path()
            / ("caps_link_test_" + std::to_string(::getpid()) + ".csv"))
             .string()) {
    std::ofstream{path} << text;
  }

  ~trace_file() { std::filesystem::remove(path); }

  trace_file(const trace_file&) = delete;
  trace_file& operator=(const trace_file&) = delete;

  std::string path;
};

} // namespace

TEST_CASE("an ideal link changes nothing", "[link]") {
  link_model link;
  CHECK(link.ideal());
  auto x = traffic_of(link).send(5s, 1'000'000);
  CHECK(x.copies == 1);
  CHECK(x.delays[0] == 0s);
}

TEST_CASE("any option makes a link less than ideal", "[link]") {
  auto with = [](auto set) {
    link_model link;
    set(link);
    return link.ideal();
  };
  CHECK(!with([](auto& x) { x.latency = 1ns; }));
  CHECK(!with([](auto& x) { x.jitter = 1ns; }));
  CHECK(!with([](auto& x) { x.bandwidth = 1e12; }));
  CHECK(!with([](auto& x) { x.drop = 1e-9; }));
  CHECK(!with([](auto& x) { x.duplicate = 1e-9; }));
  CHECK(!with([](auto& x) { x.reorder = 1e-9; }));
  CHECK(!with([](auto& x) { x.trace = "x.csv"; }));
}

TEST_CASE("gaussian latencies have the mean and deviation asked for",
          "[link]") {
  auto xs = delays_in_s(traffic_of({.latency = 60ms, .jitter = 5ms}), 20'000);
  // Five standard errors.
  CHECK(mean(xs) == Approx(0.06).margin(5 * 0.005 / std::sqrt(20'000)));
  CHECK(deviation(xs) == Approx(0.005).epsilon(0.03));
  // Cut off at 0: half of them are 0, and none is below.
  xs = delays_in_s(traffic_of({.jitter = 5ms}), 20'000);
  CHECK(*std::min_element(xs.begin(), xs.end()) == 0);
  auto zeros = static_cast<double>(std::count(xs.begin(), xs.end(), 0.0));
  CHECK(zeros / 20'000 == Approx(0.5).margin(0.02));
}

TEST_CASE("uniform latencies fill their range", "[link]") {
  auto xs = delays_in_s(
    traffic_of({.latency = 60ms, .jitter = 20ms, .distribution = "uniform"}),
    20'000);
  CHECK(*std::min_element(xs.begin(), xs.end()) == Approx(0.04).margin(1e-4));
  CHECK(*std::max_element(xs.begin(), xs.end()) == Approx(0.08).margin(1e-4));
  CHECK(mean(xs) == Approx(0.06).margin(5 * 0.0116 / std::sqrt(20'000)));
  CHECK(deviation(xs) == Approx(0.02 / std::sqrt(3)).epsilon(0.03));
}

TEST_CASE("messages of one link queue behind each other", "[link]") {
  auto traffic = traffic_of({.latency = 10ms, .bandwidth = 1e6});
  CHECK(traffic.send(0s, 1000).delays[0] == 11ms);
  CHECK(traffic.send(0s, 2000).delays[0] == 13ms);
  // At 2 ms there is 1 ms left to send of the two before.
  CHECK(traffic.send(2ms, 500).delays[0] == 11'500us);
  // Long after, the link is free again.
  CHECK(traffic.send(1s, 500).delays[0] == 10'500us);
}

TEST_CASE("the slowest link does not overflow time", "[link]") {
  auto traffic
    = traffic_of({.latency = 24h, .bandwidth = 1e-300, .duplicate = 1});
  for (int i = 0; i < 100; ++i) {
    auto x = traffic.send(i * 1h, size_t{1} << 40);
    REQUIRE(x.copies == 2);
    for (auto delay : x.delays)
      REQUIRE((delay > 24h * 300 && delay < 24h * 366 * 31));
  }
}

TEST_CASE("messages are lost, doubled and held back as often as asked for",
          "[link]") {
  auto traffic = traffic_of({.latency = 1ms,
                             .drop = 0.1,
                             .duplicate = 0.2,
                             .reorder = 0.3,
                             .reorder_delay = 50ms});
  constexpr int count = 20'000;
  int lost = 0, twice = 0, held_back = 0, delivered = 0;
  for (int i = 0; i < count; ++i) {
    auto x = traffic.send(0s, 1);
    lost += x.copies == 0 ? 1 : 0;
    delivered += x.copies > 0 ? 1 : 0;
    twice += x.copies == 2 ? 1 : 0;
    held_back += x.copies > 0 && x.delays[0] == 51ms ? 1 : 0;
    REQUIRE((x.copies == 0 || x.delays[0] == 1ms || x.delays[0] == 51ms));
  }
  auto share
    = [](int part, int whole) { return static_cast<double>(part) / whole; };
  // Five standard errors are 0.016 at most.
  CHECK(share(lost, count) == Approx(0.1).margin(0.011));
  CHECK(share(twice, delivered) == Approx(0.2).margin(0.016));
  CHECK(share(held_back, delivered) == Approx(0.3).margin(0.017));
  CHECK(traffic_of({.drop = 1}).send(0s, 1).copies == 0);
}

TEST_CASE("what is lost has used its bandwidth", "[link]") {
  auto traffic = traffic_of({.bandwidth = 1e6, .drop = 0.5});
  for (int i = 1; i <= 100; ++i)
    CHECK(traffic.send(0s, 1000).delays[0] == i * 1ms);
}

TEST_CASE("the luck of a message is its own", "[link]") {
  // More drops shift nothing else.
  link_model rarely{.latency = 9ms, .jitter = 1ms, .drop = 0.01};
  auto often = rarely;
  often.drop = 0.5;
  auto a = traffic_of(rarely);
  auto b = traffic_of(often);
  for (int i = 0; i < 1000; ++i) {
    auto x = a.send(0s, 1);
    auto y = b.send(0s, 1);
    REQUIRE(x.delays[0] == y.delays[0]);
    REQUIRE(y.copies <= x.copies);
  }
}

TEST_CASE("the same seed gives the same traffic", "[link]") {
  link_model link{.latency = 9ms,
                  .jitter = 3ms,
                  .drop = 0.1,
                  .duplicate = 0.1,
                  .reorder = 0.1,
                  .reorder_delay = 1s};
  CHECK(delays_in_s(traffic_of(link, 7), 500)
        == delays_in_s(traffic_of(link, 7), 500));
  CHECK(delays_in_s(traffic_of(link, 7), 500)
        != delays_in_s(traffic_of(link, 8), 500));
}

TEST_CASE("a trace is played over and over", "[link]") {
  trace_file file{"# measured\n0.25\n\n 1e-3 # fast\r\n0\n"};
  link_model link{.bandwidth = 1e6, .duplicate = 1, .trace = file.path};
  REQUIRE_NOTHROW(link.check());
  link.read_trace();
  auto traffic = traffic_of(link);
  for (auto expected : {250ms, 1ms, 0ms, 250ms, 1ms}) {
    auto x = traffic.send(0s, 0);
    CHECK(x.delays[0] == expected);
    CHECK(x.delays[1] == expected);
  }
}

TEST_CASE("a bad trace names file and line", "[link]") {
  auto refuse = [](const std::string& text, const std::string& what) {
    trace_file file{text};
    CHECK_THROWS_AS(caps::read_latencies(file.path), caps::input_error);
    CHECK_THROWS_WITH(caps::read_latencies(file.path),
                      contains(file.path + what));
  };
  refuse("0.1\nfast\n", ":2: 'fast' is no latency");
  refuse("0.1\n0.2,0.3\n", ":2: '0.2,0.3' is no latency");
  refuse("0.1\n\n-0.1", ":3: '-0.1' is no latency");
  refuse("nan", ":1: 'nan' is no latency");
  refuse("inf", ":1: 'inf'");
  refuse("86401", ":1: '86401' is no latency: expected one number of seconds "
                  "from 0 to 86400");
  refuse("# nothing\n\n", ":2: the file ends without a latency");
  refuse("", ": cannot read latencies: the file is empty");
  CHECK_THROWS_WITH(caps::read_latencies("/nowhere/trace.csv"),
                    contains("No such file"));
  CHECK_THROWS_WITH(caps::read_latencies("/tmp"), contains("Is a directory"));
}

TEST_CASE("options of a link must fit together", "[link]") {
  auto check = [](const link_model& link) { link.check(); };
  CHECK_THROWS_WITH(check({.latency = 5ms, .trace = "x.csv"}),
                    contains("takes the place of latency"));
  CHECK_THROWS_WITH(check({.jitter = 5ms, .trace = "x.csv"}),
                    contains("jitter 5ms"));
  CHECK_THROWS_WITH(check({.reorder = 0.1}), contains("reorder_delay is 0s"));
  CHECK_THROWS_WITH(check({.latency = 25h}), contains("latency is 25h"));
  CHECK_THROWS_WITH(check({.reorder_delay = 48h}), contains("48h"));
  CHECK_NOTHROW(check({.reorder = 0.1, .reorder_delay = 1ms}));
}

namespace {

struct arrival {
  duration time;
  int number;

  bool operator==(const arrival&) const = default;
};

/// Everything that arrives, with the time since the start.
struct receiver_state {
  std::vector<arrival> arrivals;
  std::vector<caf::strong_actor_ptr> senders;
};

caf::behavior receiver(caf::stateful_actor<receiver_state>* self) {
  auto start = self->clock().now();
  return {
    [self, start](int number) {
      self->state.arrivals.push_back({self->clock().now() - start, number});
      self->state.senders.push_back(self->current_sender());
    },
  };
}

/// A sender, a link, and a receiver.
class world {
public:
  explicit world(link_model link)
    : system_(configure(config_)),
      scheduler_(
        dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
      receiver_(system_.spawn(receiver)),
      injector_(
        system_.spawn(caps::delay_injector, traffic_of(std::move(link)))),
      sender_(system_) {
    run();
  }

  ~world() {
    caf::anon_send_exit(receiver_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(injector_, caf::exit_reason::user_shutdown);
    run();
  }

  void send(int number, size_t bytes = 1) {
    sender_->send(injector_,
                  caps::envelope{receiver_, caf::make_message(number), bytes});
    run();
  }

  void advance(duration time) {
    scheduler_.advance_time(time);
    run();
  }

  /// Lets time go on until nothing is under way.
  void finish() {
    while (scheduler_.trigger_timeout())
      run();
  }

  const std::vector<arrival>& arrivals() { return state().arrivals; }

  bool all_from_sender() {
    return std::all_of(state().senders.begin(), state().senders.end(),
                       [this](const auto& x) { return x == sender_.ptr(); });
  }

private:
  static caf::actor_system_config& configure(caf::actor_system_config& config) {
    config.set("scheduler.policy", caf::atom("testing"));
    return config;
  }

  void run() {
    while (scheduler_.try_run_once())
      ;
  }

  receiver_state& state() {
    return dynamic_cast<caf::stateful_actor<receiver_state>&>(
             *caf::actor_cast<caf::abstract_actor*>(receiver_))
      .state;
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  caf::actor receiver_;
  caf::actor injector_;
  caf::scoped_actor sender_;
};

} // namespace

TEST_CASE("the injector delivers in time and in the sender's name", "[link]") {
  world x{{.latency = 30ms}};
  x.send(1);
  x.advance(10ms);
  x.send(2);
  CHECK(x.arrivals().empty());
  x.advance(20ms);
  CHECK(x.arrivals() == std::vector<arrival>{{30ms, 1}});
  x.finish();
  CHECK(x.arrivals() == std::vector<arrival>{{30ms, 1}, {40ms, 2}});
  CHECK(x.all_from_sender());
}

TEST_CASE("without jitter messages arrive in order", "[link]") {
  auto link = GENERATE(
    link_model{.latency = 30ms}, link_model{.latency = 30ms, .bandwidth = 1e5},
    link_model{.bandwidth = 1e5}, link_model{.latency = 30ms, .drop = 0.3},
    link_model{.drop = 0.3}, link_model{.latency = 30ms, .duplicate = 0.3});
  world x{link};
  caps::random_stream stream{1};
  for (int i = 0; i < 300; ++i) {
    x.send(i, 1 + stream.below(2000));
    if (stream.below(3) == 0)
      x.advance(duration{static_cast<int64_t>(stream.below(20'000'000))});
  }
  x.finish();
  CHECK(x.arrivals().size() >= 150);
  CHECK(std::is_sorted(x.arrivals().begin(), x.arrivals().end(),
                       [](auto& a, auto& b) { return a.number < b.number; }));
}

TEST_CASE("with jitter messages overtake each other", "[link]") {
  world x{{.latency = 30ms, .jitter = 10ms}};
  for (int i = 0; i < 100; ++i)
    x.send(i);
  x.finish();
  CHECK(x.arrivals().size() == 100);
  CHECK(!std::is_sorted(x.arrivals().begin(), x.arrivals().end(),
                        [](auto& a, auto& b) { return a.number < b.number; }));
}

TEST_CASE("the injector loses, doubles and holds back", "[link]") {
  world x{{.drop = 0.2, .duplicate = 0.2, .reorder = 0.2, .reorder_delay = 1s}};
  // The same traffic, without actors.
  auto expected = traffic_of(
    {.drop = 0.2, .duplicate = 0.2, .reorder = 0.2, .reorder_delay = 1s});
  std::vector<arrival> all;
  for (int i = 0; i < 200; ++i) {
    x.send(i);
    auto fate = expected.send(0s, 1);
    for (size_t k = 0; k < fate.copies; ++k)
      all.push_back({fate.delays[k], i});
  }
  x.finish();
  std::stable_sort(all.begin(), all.end(),
                   [](auto& a, auto& b) { return a.time < b.time; });
  CHECK(x.arrivals() == all);
}

TEST_CASE("the same messages take the same time in every run", "[link]") {
  auto run = [] {
    world x{{.latency = 30ms, .jitter = 10ms, .bandwidth = 1e6, .drop = 0.1}};
    for (int i = 0; i < 100; ++i) {
      x.send(i, static_cast<size_t>(100 * i));
      x.advance(1ms);
    }
    x.finish();
    return x.arrivals();
  };
  CHECK(run() == run());
}
