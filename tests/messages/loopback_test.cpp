#include "tests/support/catch.hpp"

#include "tests/messages/samples.hpp"
#include "tests/messages/support.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <numeric>

using caps::element_type;
using caps::parameters;

namespace {

constexpr auto patience = std::chrono::seconds{20};

struct network_config : caps::test::message_config {
  network_config() {
    load<caf::io::middleman>();
    set("scheduler.max-threads", 1);
  }
};

/// What stands for one process.
struct site {
  network_config config;
  caf::actor_system system{config};
};

caf::behavior echo(caf::event_based_actor*) {
  return {[](const parameters& x) { return x; }};
}

/// Two systems that talk over a socket of this machine: one offers an echo,
/// the other one knows it.
struct loopback_fixture {
  site far;
  site near;
  caf::actor server = far.system.spawn(echo);
  caf::actor remote_echo;

  loopback_fixture() {
    auto port = far.system.middleman().publish(server, 0, "127.0.0.1");
    REQUIRE(port);
    auto handle = near.system.middleman().remote_actor("127.0.0.1", *port);
    REQUIRE(handle);
    remote_echo = *handle;
  }

  ~loopback_fixture() {
    caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
  }

  caf::expected<parameters> ask(const parameters& x) {
    caf::scoped_actor self{near.system};
    caf::expected<parameters> result{caf::sec::runtime_error};
    self->request(remote_echo, patience, x)
      .receive([&](const parameters& y) { result = y; },
               [&](const caf::error& problem) { result = problem; });
    return result;
  }
};

parameters large_message() {
  constexpr size_t count = 300'001;
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), -1e5f);
  return {{1, 2, 3, 4},
          caps::test::make_payload(element_type::float32,
                                   {static_cast<int64_t>(count)}, values)};
}

} // namespace

TEST_CASE_METHOD(loopback_fixture, "parameters reach another process whole",
                 "[loopback]") {
  auto sent = large_message();
  auto received = ask(sent);
  REQUIRE(received);
  CHECK(caps::test::fields(*received) == caps::test::fields(sent));
  CHECK(received->weights.storage() != sent.weights.storage());
  CHECK(ask({}));
}

TEST_CASE_METHOD(loopback_fixture,
                 "a payload above the limit never reaches an actor",
                 "[loopback]") {
  auto before = caps::payload_bytes_max();
  caps::payload_bytes_max(1'000'000);
  auto received = ask(large_message());
  caps::payload_bytes_max(before);
  CHECK_FALSE(received);
  CHECK(ask({})); // the connection is still good
}
