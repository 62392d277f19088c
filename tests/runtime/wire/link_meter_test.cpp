#include "tests/support/catch.hpp"

#include "messages/actors.hpp"
#include "models/random_stream.hpp"
#include "runtime/wire/latency_histogram.hpp"
#include "runtime/wire/link_clock.hpp"
#include "tests/messages/support.hpp"
#include "tests/runtime/wire/link_end.hpp"
#include "tests/support/process.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <sys/socket.h>

using namespace caps;
using namespace caps::test;
using namespace std::chrono_literals;

TEST_CASE("a histogram of times knows its quantiles", "[link_meter]") {
  latency_histogram all;
  CHECK_FALSE(all.quantile(0.5));
  auto spread = GENERATE(1.0, 5.0, 15.0);
  random_stream random{7};
  std::vector<double> exact;
  for (int i = 0; i < 10'000; ++i) {
    // From nanoseconds to minutes.
    auto time = static_cast<int64_t>(std::exp(9 + spread * random.uniform()));
    exact.push_back(static_cast<double>(time) * 1e-9);
    all.add(time);
  }
  std::ranges::sort(exact);
  for (auto share : {0.001, 0.5, 0.9, 0.99, 1.0}) {
    auto rank = static_cast<size_t>(std::ceil(share * 10'000)) - 1;
    CHECK(*all.quantile(share) == Approx(exact[rank]).epsilon(0.09));
  }
}

TEST_CASE("a histogram takes any time", "[link_meter]") {
  latency_histogram all;
  for (int64_t i = 0; i < 8; ++i) {
    latency_histogram one;
    one.add(i);
    CHECK(*one.quantile(0.5) == double(i) * 1e-9);
  }
  all.add(-5);
  CHECK(*all.quantile(1) == 0);
  all.add(std::numeric_limits<int64_t>::max());
  CHECK(*all.quantile(1) > 3600);
}

TEST_CASE("two clocks are told apart over a link that is slow at times",
          "[link_meter]") {
  constexpr int64_t ahead = 86'400'000'000'000;
  link_clock clock;
  CHECK_FALSE(clock.offset());
  random_stream random{3};
  int64_t now = 1'000'000'000;
  for (int i = 0; i < 50; ++i, now += 1'000'000'000) {
    // 100 us each way, and up to 10 ms more in a queue.
    auto there = 100'000 + static_cast<int64_t>(1e7 * random.uniform());
    auto back = 100'000 + static_cast<int64_t>(1e7 * random.uniform());
    if (i % 8 == 0)
      there = back = 100'000;
    clock.take(now, now + there + ahead, now + there + back);
    CHECK(std::abs(*clock.offset() - ahead) < 500'000);
  }
  CHECK(*clock.offset() == ahead);
}

namespace {

/// A plain stream that two hosts might have: no memory is shared.
class far_stream final : public byte_stream {
public:
  explicit far_stream(int socket) : stream_(socket) {}

  int handle() const noexcept override { return stream_.handle(); }
  std::optional<size_t> write(std::span<const iovec> parts) override {
    return stream_.write(parts);
  }
  std::optional<size_t> read(std::span<const iovec> parts) override {
    return stream_.read(parts);
  }

private:
  plain_stream stream_;
};

parameters some_parameters(size_t numel) {
  parameters result;
  result.weights
    = make_payload<float>(element_type::float32, {static_cast<int64_t>(numel)},
                          std::vector<float>(numel, 1.f));
  return result;
}

template <class Stream>
std::array<std::unique_ptr<byte_stream>, 2> pair_of() {
  int sockets[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
  return {std::make_unique<Stream>(sockets[0]),
          std::make_unique<Stream>(sockets[1])};
}

constexpr size_t numel = 100'000;

template <class T>
std::vector<T> other_than_8(std::vector<T> all) {
  std::erase_if(all, [](const auto& x) { return x.from == 8; });
  return all;
}

} // namespace

TEST_CASE_METHOD(system_fixture, "a link tells what has passed on each edge",
                 "[link_meter]") {
  auto between_hosts = GENERATE(false, true);
  // Bytes in shared memory count as well.
  auto slots = GENERATE(0u, 3u);
  if (between_hosts && slots > 0)
    return;
  wire_limits limits{numel * sizeof(float),
                     {numel * sizeof(float), slots},
                     100 * numel * sizeof(float)};
  auto streams = between_hosts ? pair_of<far_stream>() : pair_of<plain_stream>();
  link_end a{system, std::move(streams[0]), limits};
  link_end b{system, std::move(streams[1]), limits};
  if (between_hosts) // the time of the other host is not known at once
    REQUIRE(wait_until([&] {
      a.send(caf::make_message(pull{}), 8, 9);
      return !b.traffic().received.empty();
    }));
  for (int i = 0; i < 5; ++i)
    a.send(caf::make_message(some_parameters(numel)), 0, 1);
  a.send(caf::make_message(pull{}), 2, 1);
  // Not between nodes.
  a.send(caf::make_message(pull{}), -5, -2);
  // The last message has come, and all are known to have gone.
  REQUIRE(wait_until([&] {
    auto gone = a.traffic().sent;
    return other_than_8(b.traffic().received).size() == 2
           && std::ranges::all_of(
             gone, [](const auto& x) { return x.waiting == 0; });
  }));
  auto sent = other_than_8(a.traffic().sent);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].from == 0);
  CHECK(sent[0].to == 1);
  CHECK(sent[0].messages == 5);
  CHECK(sent[0].bytes >= 5 * numel * sizeof(float));
  CHECK(sent[0].bytes < 5 * numel * sizeof(float) + 2'000);
  CHECK(sent[0].waiting == 0);
  CHECK(sent[0].replaced == 0);
  CHECK(sent[1].from == 2);
  CHECK(sent[1].messages == 1);
  auto received = other_than_8(b.traffic().received);
  REQUIRE(received.size() == 2);
  CHECK(received[0].from == 0);
  CHECK(received[0].to == 1);
  CHECK(received[0].latency_median >= 0);
  CHECK(received[0].latency_median < 5);
  CHECK(received[0].latency_p99 >= received[0].latency_median);
  CHECK(a.traffic().received.empty());
}

TEST_CASE_METHOD(system_fixture, "a link tells what waits, and for how long",
                 "[link_meter]") {
  wire_limits limits{numel * sizeof(float), {}, 6 * numel * sizeof(float)};
  auto streams = pair_of<plain_stream>();
  link_end a{system, std::move(streams[0]), limits};
  for (int i = 0; i < 20; ++i)
    a.send(caf::make_message(some_parameters(numel)), 0, 1);
  auto stuck = a.traffic().sent.at(0);
  CHECK(stuck.waiting > 0);
  CHECK(stuck.waiting <= 6);
  CHECK(stuck.replaced > 0);
  CHECK(stuck.messages + stuck.replaced == 20);
  std::this_thread::sleep_for(200ms);
  link_end b{system, std::move(streams[1]), limits};
  REQUIRE(b.wait([&] { return b.arrived.size() == stuck.messages; }));
  CHECK(wait_until([&] { return a.traffic().sent.at(0).waiting == 0; }));
  CHECK(b.traffic().received.at(0).latency_median > 0.15);
}
