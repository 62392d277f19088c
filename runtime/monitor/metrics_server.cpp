#include "runtime/monitor/metrics_server.hpp"

#include "models/errors.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <optional>
#include <thread>
#include <utility>

namespace caps {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr auto request_time = std::chrono::seconds{5};
constexpr uint32_t request_header_max = 8192;
constexpr size_t requests_max = 32;
constexpr auto pause_time = std::chrono::milliseconds{100};

using page_text = std::function<std::string()>;

/// One request and its answer.
class exchange : public std::enable_shared_from_this<exchange> {
public:
  exchange(tcp::socket socket, const page_text& text)
    : stream_(std::move(socket)), text_(text) {
    parser_.emplace();
    parser_->header_limit(request_header_max);
    parser_->body_limit(0);
  }

  void start() {
    stream_.expires_after(request_time);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code problem,
                                                 size_t) {
                       if (!problem)
                         self->answer();
                     });
  }

private:
  void answer() {
    const auto& request = parser_->get();
    answer_.version(request.version());
    answer_.keep_alive(false);
    answer_.set(http::field::content_type, "text/plain; version=0.0.4");
    if (request.method() != http::verb::get) {
      answer_.result(http::status::method_not_allowed);
    } else if (request.target() != "/metrics") {
      answer_.result(http::status::not_found);
      answer_.body() = "see /metrics\n";
    } else {
      answer_.body() = text_();
    }
    answer_.prepare_payload();
    http::async_write(stream_, answer_,
                      [self = shared_from_this()](beast::error_code, size_t) {
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(
                          tcp::socket::shutdown_send, ignored);
                      });
  }

  beast::tcp_stream stream_;
  const page_text& text_;
  beast::flat_buffer buffer_{request_header_max};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> answer_;
};

} // namespace

class metrics_server::listener {
public:
  listener(uint16_t port, page_text text)
    : text_(std::move(text)), acceptor_(io_) {
    tcp::endpoint where{asio::ip::address_v4::loopback(), port};
    beast::error_code problem;
    acceptor_.open(where.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(where, problem);
    if (!problem)
      acceptor_.listen(static_cast<int>(requests_max), problem);
    if (problem)
      throw error(fmt::format("--metrics: cannot listen at 127.0.0.1:{}: {}",
                              port, problem.message()));
    accept();
    thread_ = std::thread{[this] { io_.run(); }};
  }

  ~listener() {
    io_.stop();
    thread_.join();
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code problem,
                                  tcp::socket socket) {
      if (!problem) {
        std::make_shared<exchange>(std::move(socket), text_)->start();
        accept();
        return;
      }
      // Until there are files again.
      pause_.expires_after(pause_time);
      pause_.async_wait([this](beast::error_code stopped) {
        if (!stopped)
          accept();
      });
    });
  }

  page_text text_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_{io_};
  std::thread thread_;
};

metrics_server::metrics_server(uint16_t port, std::function<std::string()> text)
  : listener_(std::make_unique<listener>(port, std::move(text))) {
}

metrics_server::~metrics_server() = default;

uint16_t metrics_server::port() const noexcept {
  return listener_->port();
}

} // namespace caps
