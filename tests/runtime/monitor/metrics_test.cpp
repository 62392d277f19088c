// What a run shows of itself while it goes on.

#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/monitor/metrics_server.hpp"
#include "runtime/monitor/status_board.hpp"
#include "runtime/wire/internet.hpp"
#include "tests/runtime/support/program.hpp"

#include <csignal>

#include <sys/socket.h>
#include <unistd.h>

using namespace caps;
using namespace caps::test;
using namespace std::chrono_literals;

namespace {

struct no_observer final : run_observer {};

/// What a server answers to these bytes.
std::string answer_to(uint16_t port, const std::string& bytes) {
  auto deadline = std::chrono::steady_clock::now() + 10s;
  auto socket = connect_to({"127.0.0.1", port}, deadline);
  static_cast<void>(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  std::string result;
  char part[4096];
  while (wait_at(socket, false, deadline)) {
    auto count = ::recv(socket, part, sizeof part, 0);
    if (count <= 0)
      break;
    result.append(part, static_cast<size_t>(count));
  }
  ::close(socket);
  return result;
}

std::string get(const std::string& what) {
  return "GET " + what + " HTTP/1.1\r\nHost: here\r\n\r\n";
}

metrics_row row(node_id node, int64_t step) {
  metrics_row result;
  result.node = node;
  result.epoch = 2;
  result.step = step;
  result.train.loss = 0.5;
  result.test.accuracy = 0.75;
  result.bytes_sent = 1000;
  result.messages_sent = 10;
  return result;
}

} // namespace

TEST_CASE("a board keeps what a run is at", "[metrics]") {
  no_observer next;
  status_board board{next, "ring", 3};
  CHECK(board.look().phase == "setting up");
  board.on_start();
  board.on_progress(0, 5);
  board.on_progress(1, 3);
  board.on_progress(2, 7);
  board.on_progress(7, 7); // no node of this run
  auto x = board.look();
  CHECK(x.phase == "running");
  CHECK(x.behind == std::vector<node_id>{1});
  CHECK(x.nodes[2].step == 7);
  board.on_row(row(1, 4));
  board.on_finished(1);
  x = board.look();
  CHECK(x.nodes[1].step == 4);
  CHECK(x.nodes[1].finished);
  CHECK(x.behind == std::vector<node_id>{0});
  board.on_end({});
  CHECK(board.look().phase == "over");
  auto text = status_text(to_json(board.look()));
  CHECK_THAT(text, contains("ring: over"));
  CHECK_THAT(text, contains("the others may wait for it"));
  CHECK_THAT(text, contains("1         4      2         0.5          75"));
}

TEST_CASE("both ends of a link tell of it", "[metrics]") {
  no_observer next;
  status_board board{next, "ring", 2};
  auto before = to_json(board.look());
  CHECK(before["links"].empty());
  CHECK_THAT(status_text(before), !contains("waiting"));
  board.on_links({0, {{0, 1, 5'000'000, 10, 1, 2, 0}}, {{1, 0, 0.002, 0.1}}});
  board.on_links({0, {{0, 1, 7'000'000, 12, 3, 2, 1}}, {}});
  auto links = to_json(board.look())["links"];
  REQUIRE(links.size() == 2);
  CHECK(links[0]
        == nlohmann::json({{"from", 0},
                           {"to", 1},
                           {"bytes", 7'000'000},
                           {"messages", 12},
                           {"waiting", 3},
                           {"replaced", 2},
                           {"retransmissions", 1}}));
  CHECK(links[1]
        == nlohmann::json({{"from", 1},
                           {"to", 0},
                           {"latency_median", 0.002},
                           {"latency_p99", 0.1}}));
  auto text = status_text(to_json(board.look()));
  CHECK_THAT(text, contains("0       1         7.0         3         2"));
  CHECK_THAT(text, contains("1       0         0.0         0         0"
                            "           2         100"));
}

TEST_CASE("Prometheus can read it", "[metrics]") {
  no_observer next;
  status_board board{next, "ring", 2};
  board.on_start();
  board.on_row(row(1, 4));
  board.on_links({0, {{0, 1, 5'000'000, 10, 1, 2, 0}}, {}});
  board.on_links({1, {}, {{0, 1, 0.002, 0.1}}});
  auto text = prometheus_text(board.look());
  CHECK_THAT(text, contains("# TYPE caps_steps_total counter\n"
                            "caps_steps_total{node=\"0\"} 0\n"
                            "caps_steps_total{node=\"1\"} 4\n"));
  // Node 0 has no loss yet.
  CHECK_THAT(text, contains("# TYPE caps_train_loss gauge\n"
                            "caps_train_loss{node=\"1\"} 0.5\n"));
  CHECK_THAT(text, contains("# TYPE caps_link_bytes_total counter\n"
                            "caps_link_bytes_total{from=\"0\",to=\"1\"} "
                            "5000000\n"));
  CHECK_THAT(text, contains("caps_link_latency_p99_seconds{from=\"0\","
                            "to=\"1\"} 0.1\n"));
  constexpr auto promtool = "/usr/bin/promtool";
  if (::access(promtool, X_OK) != 0) {
    WARN("not checked with promtool, which is missing (Debian: prometheus)");
    return;
  }
  temporary_folder folder;
  auto file = folder.write_text("metrics", text);
  auto got = run({"/bin/sh", "-c",
                  std::string{promtool} + " check metrics < " + file});
  CHECK(got.code == 0);
  CHECK(got.err + got.out == "");
}

TEST_CASE("metrics are served on this machine", "[metrics]") {
  int asked = 0;
  metrics_server server{0, [&] {
                          ++asked;
                          return std::string{"caps_running 1\n"};
                        }};
  auto got = answer_to(server.port(), get("/metrics"));
  CHECK_THAT(got, contains("HTTP/1.1 200 OK"));
  CHECK_THAT(got, contains("text/plain; version=0.0.4"));
  CHECK_THAT(got, contains("\r\n\r\ncaps_running 1\n"));
  CHECK_THAT(answer_to(server.port(), get("/")), contains("404"));
  CHECK_THAT(answer_to(server.port(),
                       "POST /metrics HTTP/1.1\r\nHost: here\r\n\r\n"),
             contains("405"));
  CHECK(answer_to(server.port(), std::string(100'000, 'x'))
          .find("caps_running")
        == std::string::npos);
  CHECK(asked == 1);
  CHECK_THROWS_WITH(metrics_server(server.port(), [] { return ""; }),
                    contains("--metrics: cannot listen at 127.0.0.1"));
}

TEST_CASE("a run shows what it is at", "[metrics]") {
  workshop shop;
  auto listener = listen_at({"127.0.0.1", 0});
  auto port = port_of(listener);
  ::close(listener);
  auto run = shop.start({"--metrics", std::to_string(port), "--set",
                         "training.epochs=2000", "--clock", "real"});
  REQUIRE(wait_until([&] {
    return read_text(shop / "out" / "log.txt").find("epoch 3")
           != std::string::npos;
  }));
  auto text = answer_to(port, get("/metrics"));
  CHECK_THAT(text, contains("caps_running 1\n"));
  CHECK_THAT(text, contains("caps_test_accuracy_ratio{node=\"2\"} 0."));
  CHECK(text.find("caps_steps_total{node=\"0\"} 0\n") == std::string::npos);
  run->send_signal(SIGINT);
  CHECK(run->wait().code == 130);
}
