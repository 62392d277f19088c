// Two ends of a link in one process, as two processes of a host have them.

#include "tests/support/catch.hpp"

#include "messages/actors.hpp"
#include "models/errors.hpp"
#include "runtime/wire/data_plane.hpp"
#include "runtime/wire/passed_file.hpp"
#include "tests/messages/support.hpp"
#include "tests/runtime/wire/link_end.hpp"
#include "tests/support/process.hpp"

#include <caf/blocking_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <sys/socket.h>
#include <unistd.h>

using namespace caps;
using namespace caps::test;
using namespace std::chrono_literals;

namespace {

std::array<int, 2> socket_pair() {
  std::array<int, 2> result{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, result.data())
          == 0);
  return result;
}

std::unique_ptr<byte_stream> over(int socket) {
  return std::make_unique<plain_stream>(socket);
}

/// Parameters of `step`, each element of which is the step.
parameters parameters_of(int64_t step, size_t numel) {
  parameters result;
  result.stamp = {0, step, static_cast<uint64_t>(step), 7};
  result.weights
    = make_payload<float>(element_type::float32, {static_cast<int64_t>(numel)},
                          std::vector<float>(numel, static_cast<float>(step)));
  return result;
}

bool holds(const parameters& x, int64_t step, size_t numel) {
  return x.stamp.step == step && x.stamp.version == 7
         && x.weights == parameters_of(step, numel).weights;
}

constexpr size_t large = 100'000;

wire_limits limits_with(uint32_t slots) {
  return {large * sizeof(float), {large * sizeof(float), slots},
          8 * large * sizeof(float)};
}

} // namespace

TEST_CASE_METHOD(system_fixture, "messages arrive whole and in order",
                 "[wire_link]") {
  auto numel = GENERATE(size_t{0}, size_t{1}, size_t{500}, large);
  auto slots = GENERATE(0u, 1u, 3u, 64u);
  auto sockets = socket_pair();
  INFO(numel << " elements, " << slots << " slots");
  link_end a{system, over(sockets[0]), limits_with(slots)};
  link_end b{system, over(sockets[1]), limits_with(slots)};
  constexpr int64_t count = 40;
  for (int64_t i = 0; i < count; ++i) {
    // Both ways at once.
    a.send(caf::make_message(parameters_of(i, numel)));
    b.send(caf::make_message(parameters_of(-i, numel)), 1, 0);
    auto caught_up = [&](link_end& x) {
      return x.wait([&] { return x.arrived.size() + 3 > size_t(i); });
    };
    REQUIRE(caught_up(a));
    REQUIRE(caught_up(b));
  }
  REQUIRE(b.wait([&] { return b.arrived.size() == count; }));
  REQUIRE(a.wait([&] { return a.arrived.size() == count; }));
  for (int64_t i = 0; i < count; ++i) {
    CHECK(holds(b.arrived[size_t(i)].get_as<parameters>(0), i, numel));
    CHECK(holds(a.arrived[size_t(i)].get_as<parameters>(0), -i, numel));
  }
  CHECK(a.broken + b.broken == "");
  CHECK(a.replaced.empty());
}

TEST_CASE_METHOD(system_fixture, "messages of every kind arrive",
                 "[wire_link]") {
  auto sockets = socket_pair();
  link_end a{system, over(sockets[0]), limits_with(2)};
  link_end b{system, over(sockets[1]), limits_with(2)};
  tracked_parameters tracked{{3, 4, 5, 6},
                             parameters_of(1, large).weights,
                             parameters_of(2, 40).weights};
  with_buffers<dual> with{
    {{3, 4, 5, 6}, parameters_of(1, large).weights, {}},
    parameters_of(3, 10).weights};
  a.send(caf::make_message(tracked));
  a.send(caf::make_message(pull{{1, 2, 3, 4}}));
  a.send(caf::make_message(with));
  REQUIRE(b.wait([&] { return b.arrived.size() == 3; }));
  const auto& x = b.arrived[0].get_as<tracked_parameters>(0);
  CHECK(x.weights == tracked.weights);
  CHECK(x.tracker == tracked.tracker);
  CHECK(b.arrived[1].get_as<pull>(0).stamp.sequence == 3);
  const auto& y = b.arrived[2].get_as<with_buffers<dual>>(0);
  CHECK(y.dual_vector == with.dual_vector);
  CHECK(y.weights.empty());
  CHECK(y.buffers == with.buffers);
}

TEST_CASE_METHOD(system_fixture, "slots are used again", "[wire_link]") {
  auto sockets = socket_pair();
  link_end a{system, over(sockets[0]), limits_with(2)};
  link_end b{system, over(sockets[1]), limits_with(2)};
  std::set<const std::byte*> places;
  for (int64_t i = 0; i < 20; ++i) {
    a.send(caf::make_message(parameters_of(i, large)));
    REQUIRE(b.wait([&] { return b.arrived.size() == 1; }));
    const auto& x = b.arrived[0].get_as<parameters>(0);
    CHECK(holds(x, i, large));
    places.insert(x.weights.storage()->host_data());
    b.drop();
  }
  CHECK(places.size() <= 2);
}

TEST_CASE_METHOD(system_fixture, "who does not read costs no more memory",
                 "[wire_link]") {
  auto sockets = socket_pair();
  auto limits = limits_with(2);
  link_end a{system, over(sockets[0]), limits};
  link_end b{system, over(sockets[1]), limits, false};
  std::weak_ptr<const payload_storage> kept[100];
  for (int64_t i = 0; i < 100; ++i) {
    auto x = parameters_of(i, large);
    kept[i] = x.weights.storage();
    a.send(caf::make_message(std::move(x)));
  }
  auto alive = std::ranges::count_if(kept, [](const auto& x) {
    return !x.expired();
  });
  CHECK(alive <= 9);
  CHECK_FALSE(kept[99].expired());
  CHECK(a.replaced == std::vector{std::pair<node_id, node_id>{0, 1}});
}

TEST_CASE_METHOD(system_fixture, "what is no message breaks a link",
                 "[wire_link]") {
  auto sockets = socket_pair();
  auto limits = limits_with(2);
  link_end b{system, over(sockets[1]), limits};
  slot_shape shape = limits.slots;
  wire_head head;
  wire_entry entry;
  std::string expected;
  auto bad = GENERATE("text", "magic", "payloads", "length", "memory", "slot",
                      "payload", "nested");
  std::string text;
  std::string what = bad;
  if (what == "memory") {
    shape.count = 1;
    expected = "memory of another size";
  }
  link_end a{system, over(sockets[0]), {large * 4, shape, large}};
  if (what == "magic") {
    head.magic = 1;
    expected = "no message";
  } else if (what == "payloads") {
    head.payloads = 65;
    expected = "no message";
  } else if (what == "length") {
    head.message_bytes = 1u << 30;
    expected = "no message";
  } else if (what == "text") {
    text = "x";
    expected = "cannot be read";
  } else if (what == "nested") {
    for (int i = 0; i < 1000; ++i)
      text += "@<>+@message";
    expected = "a message in a message in a message";
  } else if (what == "slot") {
    head.payloads = 1;
    entry = {16, 2, 0};
    expected = "slot 2";
  } else if (what == "payload") {
    head.payloads = 1;
    entry.bytes = uint64_t{1} << 30;
    expected = "1073741824 bytes, at most 400000";
  }
  INFO(what);
  if (!text.empty())
    head.message_bytes = static_cast<uint32_t>(text.size());
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes += text;
  if (head.payloads == 1)
    bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
  // The other end may have closed it by now.
  static_cast<void>(
    ::send(sockets[0], bytes.data(), bytes.size(), MSG_NOSIGNAL));
  REQUIRE(b.wait([&] { return !b.broken.empty() || !b.arrived.empty(); }));
  CHECK_THAT(b.broken, Catch::Contains(expected));
  CHECK(b.arrived.empty());
}

TEST_CASE_METHOD(system_fixture, "couriers stand for nodes elsewhere",
                 "[wire_link]") {
  auto sockets = socket_pair();
  caf::scoped_actor receiver{system};
  std::string problems;
  auto settings_of = [&](size_t other, int socket) {
    data_plane::settings x;
    x.streams.resize(2);
    x.streams[other] = std::make_unique<plain_stream>(socket);
    x.limits.assign(2, limits_with(4));
    x.refusal = [](size_t, node_id from, node_id, const caf::message&) {
      return std::string{from == 0 ? "" : "what it may not send"};
    };
    x.broken = [&](size_t, const std::string& text) { problems += text; };
    x.note = [&](const std::string& text) { problems += text; };
    return x;
  };
  {
    data_plane first{system, settings_of(1, sockets[0])};
    data_plane second{system, settings_of(0, sockets[1])};
    first.start({});
    second.start({{1, caf::actor{receiver}}});
    auto way = first.courier_to(0, 1, 1);
    for (int64_t i = 0; i < 10; ++i)
      caf::anon_send(way, parameters_of(i, large));
    for (int64_t i = 0; i < 10; ++i)
      receiver->receive(
        [&](const parameters& x) { CHECK(holds(x, i, large)); },
        caf::after(10s) >> [] { FAIL("nothing has come"); });
  }
  CHECK(problems == "");
}

TEST_CASE_METHOD(system_fixture,
                 "who comes back is reached over another stream",
                 "[wire_link]") {
  caf::scoped_actor receiver{system};
  auto settings_of = [](size_t other, std::unique_ptr<byte_stream> stream) {
    data_plane::settings x;
    x.streams.resize(2);
    x.streams[other] = std::move(stream);
    x.limits.assign(2, limits_with(4));
    x.refusal = [](size_t, node_id, node_id, const caf::message&) {
      return std::string{};
    };
    x.broken = [](size_t, const std::string&) {};
    x.note = [](const std::string&) {};
    return x;
  };
  auto expect = [&](int64_t step) {
    receiver->receive(
      [&](const parameters& x) { CHECK(holds(x, step, large)); },
      caf::after(10s) >> [] { FAIL("nothing has come"); });
  };
  auto sockets = socket_pair();
  data_plane first{system, settings_of(1, over(sockets[0]))};
  auto second
    = std::make_unique<data_plane>(system, settings_of(0, over(sockets[1])));
  first.start({});
  second->start({{1, caf::actor{receiver}}});
  auto way = first.courier_to(0, 1, 1);
  first.wait_until_open(10s);
  CHECK(first.is_open(1));
  caf::anon_send(way, parameters_of(1, large));
  expect(1);
  second.reset();
  REQUIRE(wait_until([&] { return !first.is_open(1); }));
  SECTION("that this end knows of") {
    sockets = socket_pair();
    first.replace(1, over(sockets[0]));
  }
  SECTION("that another process sends to this end") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    first.take_streams_from(ends[0]);
    sockets = socket_pair();
    REQUIRE(send_file(ends[1], sockets[0], 7)); // there is none of this number
    REQUIRE(send_file(ends[1], sockets[0], 1));
    ::close(sockets[0]);
    ::close(ends[1]);
  }
  second
    = std::make_unique<data_plane>(system, settings_of(0, over(sockets[1])));
  second->start({{1, caf::actor{receiver}}});
  REQUIRE(wait_until([&] { return first.is_open(1); }));
  second->wait_until_open(10s);
  caf::anon_send(way, parameters_of(3, large));
  expect(3);
  auto sent = first.traffic().sent;
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].messages == 2);
  first.end(1);
  CHECK(wait_until([&] { return !first.is_open(1); }));
}
