// Two ends of a link with TLS in one process, as two hosts have them.

#include "tests/support/catch.hpp"

#include "messages/actors.hpp"
#include "models/errors.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/wire/internet.hpp"
#include "runtime/wire/tls_context.hpp"
#include "runtime/wire/tls_stream.hpp"
#include "tests/messages/support.hpp"
#include "tests/runtime/wire/link_end.hpp"
#include "tests/support/files.hpp"

#include <array>
#include <csignal>
#include <thread>

#include <sys/socket.h>

using namespace caps;
using namespace caps::test;
using namespace std::chrono_literals;

namespace {

using stream_pair = std::array<std::unique_ptr<byte_stream>, 2>;

stream_pair connected_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  temporary_folder folder;
  make_cluster(folder / "head", "head");
  tls_context tls{load_identity(folder / "head")};
  int sockets[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                       sockets)
          == 0);
  auto a = tls.connect_at(sockets[0]);
  auto b = tls.accept_at(sockets[1]);
  for (int done = 0; done != 2;) {
    done = SSL_connect(a.get()) == 1 ? 1 : 0;
    done += SSL_accept(b.get()) == 1 ? 1 : 0;
  }
  return {std::make_unique<tls_stream>(sockets[0], std::move(a)),
          std::make_unique<tls_stream>(sockets[1], std::move(b))};
}

parameters parameters_of(int64_t step, size_t numel) {
  parameters result;
  result.stamp = {0, step, static_cast<uint64_t>(step), 7};
  std::vector<float> values(numel, static_cast<float>(step));
  for (size_t i = 0; i < numel; i += 97)
    values[i] += static_cast<float>(i);
  result.weights
    = make_payload<float>(element_type::float32, {static_cast<int64_t>(numel)},
                          values);
  return result;
}

void send(link_end& from, const parameters& x) {
  from.send(caf::make_message(x));
}

const parameters& at(const link_end& end, size_t i) {
  return end.arrived[i].get_as<parameters>(0);
}

constexpr size_t large = 300'000;

/// Without shared memory.
const wire_limits limits{large * sizeof(float), {}, 64 * large * sizeof(float)};

} // namespace

TEST_CASE_METHOD(system_fixture, "messages with TLS arrive whole and in order",
                 "[tls_link]") {
  auto numel = GENERATE(size_t{0}, size_t{500}, size_t{4096}, large);
  auto streams = connected_streams();
  link_end a{system, std::move(streams[0]), limits};
  link_end b{system, std::move(streams[1]), limits};
  constexpr int64_t count = 40;
  // Both ways at once, from two threads each.
  std::thread other{[&] {
    for (int64_t i = 0; i < count; ++i)
      send(b, parameters_of(-i, numel));
  }};
  for (int64_t i = 0; i < count; ++i)
    send(a, parameters_of(i, numel));
  other.join();
  REQUIRE(b.wait([&] { return b.arrived.size() == count; }, 30s));
  REQUIRE(a.wait([&] { return a.arrived.size() == count; }, 30s));
  for (int64_t i = 0; i < count; ++i) {
    CHECK(at(b, size_t(i)).stamp.step == i);
    CHECK(at(b, size_t(i)).weights == parameters_of(i, numel).weights);
    CHECK(at(a, size_t(i)).weights == parameters_of(-i, numel).weights);
  }
  CHECK(a.broken + b.broken == "");
  CHECK(a.replaced.empty());
}

TEST_CASE_METHOD(system_fixture,
                 "a message that was begun goes on when others take its place",
                 "[tls_link]") {
  auto streams = connected_streams();
  auto small = limits;
  small.waiting_bytes = 3 * large * sizeof(float);
  link_end a{system, std::move(streams[0]), small};
  // Nobody reads yet, so what waits is bounded.
  std::weak_ptr<const payload_storage> kept[50];
  for (int64_t i = 0; i < 50; ++i) {
    auto x = parameters_of(i, large);
    kept[i] = x.weights.storage();
    send(a, x);
  }
  auto alive = std::ranges::count_if(kept, [](const auto& x) {
    return !x.expired();
  });
  CHECK(alive <= 5);
  CHECK_FALSE(a.replaced.empty());
  link_end late{system, std::move(streams[1]), limits};
  REQUIRE(late.wait([&] {
    return !late.arrived.empty()
           && at(late, late.arrived.size() - 1).stamp.step == 49;
  }, 30s));
  for (size_t i = 0; i < late.arrived.size(); ++i) {
    const auto& x = at(late, i);
    CHECK(x.weights == parameters_of(x.stamp.step, large).weights);
  }
  CHECK(late.arrived.size() < 10);
  CHECK(late.broken == "");
}

TEST_CASE_METHOD(system_fixture, "an end that goes away is noticed",
                 "[tls_link]") {
  auto streams = connected_streams();
  link_end a{system, std::move(streams[0]), limits};
  { link_end b{system, std::move(streams[1]), limits}; }
  CHECK(a.wait([&] { return a.closed; }, 30s));
  CHECK(a.broken == "");
}
