// What strangers can do at a door: nothing.

#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/identity/identity.hpp"
#include "runtime/wire/dial.hpp"
#include "runtime/wire/door.hpp"
#include "runtime/wire/letterbox.hpp"
#include "tests/support/files.hpp"

#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include <csignal>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace caps;
using namespace caps::test;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

const endpoint here{"127.0.0.1", 0};

clock_type::time_point in(std::chrono::milliseconds x) {
  return clock_type::now() + x;
}

/// A cluster with a head and a host "b", and a door of the head.
class cluster_fixture {
public:
  cluster_fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    make_cluster(folder / "head", "head");
    make_host(folder / "head", "b", folder / "b");
    tls = std::make_shared<tls_context>(load_identity(folder / "head"));
    open();
  }

  /// The door's thread writes into the log.
  ~cluster_fixture() { entrance.reset(); }

  cluster_fixture(const cluster_fixture&) = delete;
  cluster_fixture& operator=(const cluster_fixture&) = delete;

  void open() {
    auto socket = listen_at(here);
    entrance = std::make_unique<door>(door::settings{
      socket, tls,
      [this](const door_visitor& x) {
        ++decided;
        if (!x.subject)
          return refused("shows no certificate");
        return door_answer{{{"hello", x.subject->name}},
                           [this](std::unique_ptr<byte_stream>) { ++let_in; }};
      },
      [this](const std::string& line) {
        std::lock_guard lock{mutex};
        log.push_back(line);
      }});
    where = {"127.0.0.1", entrance->port()};
  }

  /// The log, once it says something that holds `text`.
  bool logged(const std::string& text) {
    for (auto deadline = in(8s); clock_type::now() < deadline;
         std::this_thread::sleep_for(10ms)) {
      std::lock_guard lock{mutex};
      for (const auto& line : log)
        if (line.find(text) != line.npos)
          return true;
    }
    return false;
  }

  /// Somebody who belongs to the cluster comes in.
  void check_that_others_come_in() {
    auto before = let_in.load();
    auto got = dial(where, tls_context{load_identity(folder / "b")},
                    {"head", cluster_role::head}, {{"ask", 1}}, in(10s));
    CHECK(got.reply["hello"] == "b");
    CHECK(got.subject.name == "head");
    for (auto deadline = in(5s);
         let_in == before && clock_type::now() < deadline;)
      std::this_thread::sleep_for(1ms);
    CHECK(let_in == before + 1);
  }

  int connect() const { return connect_to(where, in(5s)); }

  temporary_folder folder;
  std::shared_ptr<tls_context> tls;
  std::unique_ptr<door> entrance;
  endpoint where;
  std::atomic<int> decided{0};
  std::atomic<int> let_in{0};
  std::mutex mutex;
  std::vector<std::string> log;
};

void send_text(int socket, const std::string& text) {
  static_cast<void>(::send(socket, text.data(), text.size(), MSG_NOSIGNAL));
}

/// Whether the other end closes within this time.
bool closes(int socket, std::chrono::milliseconds time) {
  auto deadline = in(time);
  char bytes[4096];
  while (wait_at(socket, false, deadline))
    if (::recv(socket, bytes, sizeof bytes, 0) <= 0)
      return true;
  return false;
}

size_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  size_t total = 0;
  size_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace

TEST_CASE_METHOD(cluster_fixture, "a host of the cluster comes in", "[door]") {
  check_that_others_come_in();
  CHECK(log.empty());
}

TEST_CASE_METHOD(cluster_fixture, "a head shows that it is one", "[door]") {
  tls_context b{load_identity(folder / "b")};
  CHECK_THROWS_WITH(
    dial(where, b, {"c", cluster_role::host}, {{"ask", 1}}, in(10s)),
    contains("is head head, expected host c"));
  CHECK(decided == 0);
  // Nor does a host pass for a head.
  tls = std::make_shared<tls_context>(load_identity(folder / "b"));
  entrance.reset();
  open();
  CHECK_THROWS_WITH(dial(where, b, {"", cluster_role::head}, {{"ask", 1}},
                         in(10s)),
                    contains("is host b, expected head"));
}

TEST_CASE_METHOD(cluster_fixture, "certificates that are not good",
                 "[door]") {
  auto& identity_folder = folder;
  SECTION("none") {
    CHECK_THROWS_WITH(
      dial(where, tls_context{}, {"head", cluster_role::head}, {{"ask", 1}},
           in(10s)),
      contains("refuses: shows no certificate"));
    CHECK(decided == 1);
    CHECK(logged("shows no certificate"));
  }
  SECTION("of another authority") {
    make_cluster(identity_folder / "other", "head");
    tls_context stranger{load_identity(identity_folder / "other")};
    // Neither believes the other.
    CHECK_THROWS_WITH(
      dial(where, stranger, {"head", cluster_role::head}, {{"ask", 1}},
           in(10s)),
      contains("the certificate of the other end"));
    CHECK(decided == 0);
  }
  SECTION("too old, or too new") {
    auto offset = GENERATE(-3600L, 3600L);
    auto x = load_identity(identity_folder / "b");
    auto authority_key
      = key_from(read_text(identity_folder / "head" / "authority.key"), "key");
    if (offset < 0)
      X509_gmtime_adj(X509_getm_notAfter(x.certificate.get()), offset);
    else
      X509_gmtime_adj(X509_getm_notBefore(x.certificate.get()), offset);
    X509_sign(x.certificate.get(), authority_key.get(), EVP_sha256());
    CHECK_THROWS_AS(dial(where, tls_context{x}, {"head", cluster_role::head},
                         {{"ask", 1}}, in(10s)),
                    error);
    CHECK(decided == 0);
    CHECK(logged(offset < 0 ? "certificate has expired" : "not yet valid"));
  }
  CHECK(let_in == 0);
  check_that_others_come_in();
}

TEST_CASE_METHOD(cluster_fixture, "what is no TLS is sent away", "[door]") {
  std::string random;
  for (uint32_t i = 0, x = 1; i < 100'000; ++i, x = x * 1664525 + 1013904223)
    random += static_cast<char>(x >> 24);
  auto text = GENERATE_COPY(std::string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
                            random, std::string(40, '\0'));
  auto socket = connect();
  send_text(socket, text);
  CHECK(closes(socket, 7s));
  ::close(socket);
  CHECK(decided == 0);
  CHECK(logged("refused 127.0.0.1"));
  check_that_others_come_in();
}

TEST_CASE_METHOD(cluster_fixture, "a letter of 1 GiB is not waited for",
                 "[door]") {
  tls_context b{load_identity(folder / "b")};
  auto socket = connect();
  auto connection = b.connect_at(socket);
  while (SSL_connect(connection.get()) != 1)
    REQUIRE(wait_at(socket, false, in(5s)));
  uint32_t length = 1u << 30;
  size_t count = 0;
  REQUIRE(SSL_write_ex(connection.get(), &length, sizeof length, &count) == 1);
  CHECK(closes(socket, 3s));
  ::close(socket);
  CHECK(logged("announced 1073741824 bytes"));
  CHECK(decided == 0);
}

TEST_CASE_METHOD(cluster_fixture, "bytes that were seen before are no use",
                 "[door]") {
  // Between a host and the door, somebody listens.
  auto listener = listen_at(here);
  endpoint between{"127.0.0.1", port_of(listener)};
  std::string seen;
  std::thread relay{[&] {
    pollfd waits{listener, POLLIN, 0};
    ::poll(&waits, 1, 5000);
    auto near = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    auto far = connect();
    char bytes[4096];
    for (auto deadline = in(3s); clock_type::now() < deadline;) {
      pollfd both[] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
      ::poll(both, 2, 100);
      auto count = ::recv(near, bytes, sizeof bytes, MSG_DONTWAIT);
      if (count == 0)
        break;
      if (count > 0) {
        seen.append(bytes, static_cast<size_t>(count));
        send_text(far, {bytes, static_cast<size_t>(count)});
      }
      count = ::recv(far, bytes, sizeof bytes, MSG_DONTWAIT);
      if (count > 0)
        send_text(near, {bytes, static_cast<size_t>(count)});
    }
    ::close(near);
    ::close(far);
  }};
  dial(between, tls_context{load_identity(folder / "b")},
       {"head", cluster_role::head}, {{"ask", 1}}, in(5s));
  relay.join();
  ::close(listener);
  REQUIRE(seen.size() > 500);
  auto before = decided.load();
  auto socket = connect();
  send_text(socket, seen);
  CHECK(closes(socket, 7s));
  ::close(socket);
  CHECK(decided == before);
}

TEST_CASE_METHOD(cluster_fixture, "a thousand connections that say nothing",
                 "[door]") {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur,
                                    std::min<rlim_t>(files.rlim_max, 4096));
  setrlimit(RLIMIT_NOFILE, &files);
  check_that_others_come_in();
  auto before = resident_bytes();
  auto began = clock_type::now();
  std::vector<int> sockets;
  for (size_t i = 0; i < 1000; ++i)
    sockets.push_back(connect());
  check_that_others_come_in();
  auto grown = resident_bytes() - std::min(before, resident_bytes());
  CHECK(grown < size_t{8} << 20);
  // Those that are still there say a byte a second, but not for long.
  for (size_t i = 0; i < 7; ++i) {
    for (auto x : sockets)
      send_text(x, "\x16");
    std::this_thread::sleep_for(1s);
  }
  for (auto x : sockets) {
    CHECK(closes(x, 0ms));
    ::close(x);
  }
  CHECK(let_in == 2);
  check_that_others_come_in();
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
    clock_type::now() - began);
  std::lock_guard lock{mutex};
  CHECK(static_cast<int64_t>(log.size()) <= seconds.count() + 1);
  CHECK_FALSE(log.empty());
}
