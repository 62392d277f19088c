// Messages between processes of one host, against a copy of memory, a plain
// socket and, where it is installed, gloo, and between hosts, with TLS over TCP
// on loopback, against plain TCP.
// Both ends are in this process, each with its thread, socket and mapping, as
// two processes have them.

#include "tests/bench/benchmarks.hpp"
#include "tests/bench/gloo_ping_pong.hpp"

#include "messages/actors.hpp"
#include "models/errors.hpp"
#include "runtime/cluster/scratch_folder.hpp"
#include "runtime/wire/internet.hpp"
#include "runtime/wire/tls_context.hpp"
#include "runtime/wire/tls_stream.hpp"
#include "runtime/wire/wire_link.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace caps::bench {

namespace {

/// The parameters of a ResNet-18.
constexpr size_t large = 46'000'000;

std::array<int, 2> socket_pair() {
  std::array<int, 2> result{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, result.data()) != 0)
    throw error("no sockets");
  return result;
}

/// Two ends of a connection over TCP on loopback.
std::array<int, 2> tcp_pair() {
  endpoint where{"127.0.0.1", 0};
  auto listener = listen_at(where);
  where.port = port_of(listener);
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  auto near = connect_to(where, deadline);
  if (!wait_at(listener, false, deadline))
    throw error("no connection");
  auto far = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  set_up_connection(far);
  ::close(listener);
  return {near, far};
}

/// Between what two ends are.
enum class between { processes, hosts };

using stream_pair = std::array<std::unique_ptr<byte_stream>, 2>;

stream_pair streams_between(between what) {
  if (what == between::processes) {
    auto sockets = socket_pair();
    return {std::make_unique<plain_stream>(sockets[0]),
            std::make_unique<plain_stream>(sockets[1])};
  }
  scratch_folder folder;
  make_cluster(folder.path(), "head");
  tls_context tls{load_identity(folder.path())};
  auto sockets = tcp_pair();
  auto a = tls.connect_at(sockets[0]);
  auto b = tls.accept_at(sockets[1]);
  for (int done = 0; done != 2;)
    done = (SSL_connect(a.get()) == 1) + (SSL_accept(b.get()) == 1);
  return {std::make_unique<tls_stream>(sockets[0], std::move(a)),
          std::make_unique<tls_stream>(sockets[1], std::move(b))};
}

/// Two ends of a link; one sends a message, the other sends it back or not.
class ping_pong {
public:
  ping_pong(between what, size_t payload_bytes, bool answers) {
    config_.add_message_types<caf::id_block::caps_messages>();
    system_ = std::make_unique<caf::actor_system>(config_);
    auto streams = streams_between(what);
    auto slots = what == between::processes ? 4u : 0u;
    wire_limits limits{payload_bytes, {payload_bytes, slots},
                       4 * payload_bytes};
    auto done = [this](node_id, node_id, const caf::message&) {
      done_.release();
      return std::string{};
    };
    near_ = std::make_shared<wire_link>(
      io_[0], std::move(streams[0]), *system_, limits,
      wire_events{done, {}, {}, {}});
    auto answer = [this](node_id, node_id, const caf::message& x) {
      far_->send(1, 0, x);
      return std::string{};
    };
    far_ = std::make_shared<wire_link>(
      io_[1], std::move(streams[1]), *system_, limits,
      answers ? wire_events{answer, {}, {}, {}}
              : wire_events{done, {}, {}, {}});
    near_->start();
    far_->start();
    for (size_t i = 0; i < 2; ++i)
      threads_[i] = std::thread{[this, i] { io_[i].run(); }};
    parameters content;
    auto storage = std::make_shared<host_storage>(payload_bytes);
    std::memset(storage->data(), 1, payload_bytes);
    content.weights = {element_type::uint8,
                       {static_cast<int64_t>(payload_bytes)},
                       std::move(storage)};
    message_ = caf::make_message(content);
  }

  ~ping_pong() {
    for (auto& x : io_)
      x.stop();
    for (auto& x : threads_)
      x.join();
    near_->stop();
    far_->stop();
  }

  void operator()() {
    near_->send(0, 1, message_);
    done_.acquire();
  }

private:
  using guard
    = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  boost::asio::io_context io_[2];
  guard work_[2] = {guard{io_[0].get_executor()}, guard{io_[1].get_executor()}};
  std::shared_ptr<wire_link> near_;
  std::shared_ptr<wire_link> far_;
  std::thread threads_[2];
  caf::message message_;
  std::binary_semaphore done_{0};
};

void transfer(ssize_t (*f)(int, std::byte*, size_t), int socket,
              std::byte* data, size_t bytes) {
  while (bytes > 0) {
    auto count = f(socket, data, bytes);
    if (count <= 0)
      throw error("the socket is closed");
    data += count;
    bytes -= static_cast<size_t>(count);
  }
}

/// The same with nothing but send and recv.
class plain_ping_pong {
public:
  plain_ping_pong(between what, size_t bytes, bool answers)
    : sockets_(what == between::processes ? socket_pair() : tcp_pair()),
      data_(bytes), answers_(answers) {
    for (auto x : sockets_)
      ::fcntl(x, F_SETFL, 0); // waits
    thread_ = std::thread{[this] {
      std::vector<std::byte> data(data_.size());
      try {
        for (;;) {
          receive(1, data);
          if (answers_)
            send(1, data);
          else
            done_.release();
        }
      } catch (const error&) {
      }
    }};
  }

  ~plain_ping_pong() {
    ::shutdown(sockets_[0], SHUT_RDWR);
    thread_.join();
    for (auto x : sockets_)
      ::close(x);
  }

  void operator()() {
    send(0, data_);
    if (answers_)
      receive(0, data_);
    else
      done_.acquire();
  }

private:
  void send(size_t end, std::vector<std::byte>& data) {
    transfer(
      [](int socket, std::byte* x, size_t n) {
        return ::send(socket, x, n, MSG_NOSIGNAL);
      },
      sockets_[end], data.data(), data.size());
  }

  void receive(size_t end, std::vector<std::byte>& data) {
    transfer([](int socket, std::byte* x, size_t n) {
      return ::recv(socket, x, n, 0);
    }, sockets_[end], data.data(), data.size());
  }

  std::array<int, 2> sockets_;
  std::vector<std::byte> data_;
  bool answers_;
  std::binary_semaphore done_{0};
  std::thread thread_;
};

template <class Subject, class Yardstick>
std::function<contest()> contest_of(Subject subject, Yardstick yardstick) {
  return [=] {
    auto a = subject();
    auto b = yardstick();
    return contest{[a] { (*a)(); }, [b] { (*b)(); }};
  };
}

ratio against_socket(const std::string& name, between what, size_t bytes,
                     bool answers) {
  ratio result;
  result.name = name;
  result.yardstick
    = what == between::processes ? "plain socket" : "plain TCP";
  result.how = reading::times_faster;
  result.goal = 1;
  result.prepare = contest_of(
    [=] { return std::make_shared<ping_pong>(what, bytes, answers); },
    [=] { return std::make_shared<plain_ping_pong>(what, bytes, answers); });
  result.subject_bytes = result.yardstick_bytes = static_cast<double>(bytes);
  return result;
}

#ifdef CAPS_BENCH_GLOO
/// Processes of one host against what PyTorch has for them.
void add_gloo(std::vector<ratio>& result) {
  auto add = [&](const char* name, size_t bytes, bool answers, double least) {
    ratio x;
    x.name = name;
    x.yardstick = "gloo";
    x.how = reading::times_faster;
    x.goal = least;
    x.prepare = contest_of(
      [=] {
        return std::make_shared<ping_pong>(between::processes, bytes, answers);
      },
      [=] { return std::make_shared<gloo_ping_pong>(bytes, answers); });
    x.subject_bytes = x.yardstick_bytes = static_cast<double>(bytes);
    result.push_back(std::move(x));
  };
  add("wire: 46 MB to another process", large, false, 1.5);
  add("wire: 250 KB to another process and back", 250'000, true, 1);
  add("wire: 8 bytes to another process and back", 8, true, 1);
}
#endif

} // namespace

std::vector<ratio> wire_ratios() {
  std::vector<ratio> result;
  ratio copy;
  copy.name = "wire: 46 MB to another process";
  copy.yardstick = "memcpy";
  copy.how = reading::times_faster;
  copy.goal = 0.9;
  copy.prepare = contest_of(
    [] {
      return std::make_shared<ping_pong>(between::processes, large, false);
    },
    [] {
      auto from = std::make_shared<std::vector<std::byte>>(large);
      auto to = std::make_shared<std::vector<std::byte>>(large);
      return std::make_shared<std::function<void()>>(
        [=] { std::memcpy(to->data(), from->data(), large); });
    });
  copy.subject_bytes = copy.yardstick_bytes = large;
  result.push_back(std::move(copy));
#ifdef CAPS_BENCH_GLOO
  add_gloo(result);
#endif
  for (auto what : {between::processes, between::hosts}) {
    std::string where
      = what == between::processes ? "another process" : "another host";
    auto whole = against_socket("wire: 46 MB to " + where, what, large, false);
    whole.goal = what == between::processes ? 1 : 0.9;
    result.push_back(std::move(whole));
    auto part = against_socket("wire: 250 KB to " + where + " and back", what,
                               250'000, true);
    part.goal = 0;
    result.push_back(std::move(part));
    auto small = against_socket("wire: 8 bytes to " + where + " and back", what,
                                8, true);
    small.goal = 0;
    result.push_back(std::move(small));
  }
  return result;
}

} // namespace caps::bench
