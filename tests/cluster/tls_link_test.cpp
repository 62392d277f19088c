// Two ends of a link with TLS in one process, as two hosts have them.

#include "tests/support/catch.hpp"

#include "messages/actors.hpp"
#include "models/errors.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/wire/internet.hpp"
#include "runtime/wire/tls_context.hpp"
#include "runtime/wire/tls_stream.hpp"
#include "runtime/wire/wire_link.hpp"
#include "tests/messages/support.hpp"
#include "tests/support/files.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <array>
#include <condition_variable>
#include <csignal>
#include <mutex>
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

class tls_end {
public:
  tls_end(caf::actor_system& system, std::unique_ptr<byte_stream> stream,
          const wire_limits& bounds)
    : link_(std::make_shared<wire_link>(io_, std::move(stream), system, bounds,
                                        events())) {
    link_->start();
    thread_ = std::thread{[this] { io_.run(); }};
  }

  ~tls_end() {
    io_.stop();
    thread_.join();
    link_->stop();
  }

  void send(const parameters& x) { link_->send(0, 1, caf::make_message(x)); }

  bool wait(const std::function<bool()>& done) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 30s, done);
  }

  std::vector<parameters> arrived;
  std::string broken;
  bool closed = false;
  bool replaced = false;

private:
  wire_events events() {
    auto set = [this](auto change) {
      std::lock_guard lock{mutex_};
      change();
      changed_.notify_all();
    };
    return {[=, this](node_id, node_id, const caf::message& x) {
              set([&] { arrived.push_back(x.get_as<parameters>(0)); });
              return std::string{};
            },
            [=, this](const std::string& x) { set([&] { broken = x; }); },
            [=, this] { set([&] { closed = true; }); },
            [=, this](node_id, node_id) { set([&] { replaced = true; }); }};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    work_{io_.get_executor()};
  std::shared_ptr<wire_link> link_;
  std::thread thread_;
};

constexpr size_t large = 300'000;

/// Without shared memory.
const wire_limits limits{large * sizeof(float), {}, 64 * large * sizeof(float)};

} // namespace

TEST_CASE_METHOD(system_fixture, "messages with TLS arrive whole and in order",
                 "[tls_link]") {
  auto numel = GENERATE(size_t{0}, size_t{500}, size_t{4096}, large);
  auto streams = connected_streams();
  tls_end a{system, std::move(streams[0]), limits};
  tls_end b{system, std::move(streams[1]), limits};
  constexpr int64_t count = 40;
  // Both ways at once, from two threads each.
  std::thread other{[&] {
    for (int64_t i = 0; i < count; ++i)
      b.send(parameters_of(-i, numel));
  }};
  for (int64_t i = 0; i < count; ++i)
    a.send(parameters_of(i, numel));
  other.join();
  REQUIRE(b.wait([&] { return b.arrived.size() == count; }));
  REQUIRE(a.wait([&] { return a.arrived.size() == count; }));
  for (int64_t i = 0; i < count; ++i) {
    CHECK(b.arrived[size_t(i)].stamp.step == i);
    CHECK(b.arrived[size_t(i)].weights == parameters_of(i, numel).weights);
    CHECK(a.arrived[size_t(i)].weights == parameters_of(-i, numel).weights);
  }
  CHECK(a.broken + b.broken == "");
  CHECK_FALSE(a.replaced);
}

TEST_CASE_METHOD(system_fixture,
                 "a message that was begun goes on when others take its place",
                 "[tls_link]") {
  auto streams = connected_streams();
  auto small = limits;
  small.waiting_bytes = 3 * large * sizeof(float);
  tls_end a{system, std::move(streams[0]), small};
  // Nobody reads yet, so what waits is bounded.
  std::weak_ptr<const payload_storage> kept[50];
  for (int64_t i = 0; i < 50; ++i) {
    auto x = parameters_of(i, large);
    kept[i] = x.weights.storage();
    a.send(x);
  }
  auto alive = std::ranges::count_if(kept, [](const auto& x) {
    return !x.expired();
  });
  CHECK(alive <= 5);
  CHECK(a.replaced);
  tls_end late{system, std::move(streams[1]), limits};
  REQUIRE(late.wait([&] {
    return !late.arrived.empty() && late.arrived.back().stamp.step == 49;
  }));
  for (const auto& x : late.arrived)
    CHECK(x.weights == parameters_of(x.stamp.step, large).weights);
  CHECK(late.arrived.size() < 10);
  CHECK(late.broken == "");
}

TEST_CASE_METHOD(system_fixture, "an end that goes away is noticed",
                 "[tls_link]") {
  auto streams = connected_streams();
  tls_end a{system, std::move(streams[0]), limits};
  { tls_end b{system, std::move(streams[1]), limits}; }
  CHECK(a.wait([&] { return a.closed; }));
  CHECK(a.broken == "");
}
