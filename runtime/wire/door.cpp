#include "runtime/wire/door.hpp"

#include "models/errors.hpp"
#include "runtime/wire/internet.hpp"
#include "runtime/wire/letterbox.hpp"
#include "runtime/wire/scarce_log.hpp"
#include "runtime/wire/tls_stream.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <openssl/err.h>

#include <fmt/format.h>

#include <list>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

namespace asio = boost::asio;

using namespace std::chrono_literals;
using descriptor = asio::posix::stream_descriptor;

constexpr auto visit_time = 5s;
constexpr size_t visits_max = 128;
constexpr size_t request_bytes_max = size_t{64} << 10;

} // namespace

door_answer refused(const std::string& why) {
  return {{{"refused", why}}, {}};
}

door_answer refused_for_now(const std::string& why) {
  return {{{"refused", why}, {"later", true}}, {}};
}

class door::keeper {
public:
  explicit keeper(settings all)
    : settings_(std::move(all)), log_(settings_.log),
      listener_(io_, settings_.socket), port_(port_of(settings_.socket)),
      pause_(io_) {
    accept();
    thread_ = std::thread{[this] { io_.run(); }};
  }

  ~keeper() {
    io_.stop();
    thread_.join();
    for (const auto& x : visits_)
      x->detach();
    visits_.clear();
  }

  uint16_t port() const noexcept { return port_; }

private:
  /// A connection that has not come in yet.
  struct visit : std::enable_shared_from_this<visit> {
    visit(keeper& own, int socket)
      : all(own), handle(socket), where(peer_address(socket)),
        waits(std::in_place, own.io_, socket),
        timer(std::in_place, own.io_) {}

    ~visit() {
      detach();
      close();
    }

    void start() {
      timer->expires_after(visit_time);
      timer->async_wait([self = shared_from_this()](const auto& problem) {
        if (!problem)
          self->end("said nothing for 5 s that could be understood");
      });
      // Who says nothing costs next to nothing.
      later(false, &visit::begin);
    }

    void begin() {
      try {
        connection = all.settings_.tls->accept_at(handle);
      } catch (const error& e) {
        end(e.what());
        return;
      }
      shake_hands();
    }

    /// Goes on when the socket can be read from, or written to.
    void later(bool to_write, void (visit::*next)()) {
      waits->async_wait(to_write ? descriptor::wait_write
                                : descriptor::wait_read,
                       [self = shared_from_this(), next](const auto& problem) {
                         if (!problem && !self->over)
                           (self.get()->*next)();
                       });
    }

    void shake_hands() {
      ERR_clear_error();
      auto x = connection.get();
      auto result = SSL_accept(x);
      if (result == 1) {
        begin_to_listen();
        return;
      }
      auto why = SSL_get_error(x, result);
      if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        later(why == SSL_ERROR_WANT_WRITE, &visit::shake_hands);
      else if (why == SSL_ERROR_SSL)
        end(handshake_problem(x));
      else
        end("went away before it said anything");
    }

    void begin_to_listen() {
      try {
        visitor.subject = peer_of(connection.get());
      } catch (const error& e) {
        end(e.what());
        return;
      }
      visitor.address = where;
      box = std::make_unique<letterbox>(
        std::make_unique<tls_stream>(std::exchange(handle, -1),
                                     std::move(connection)),
        request_bytes_max);
      listen();
    }

    void listen() {
      try {
        auto request = box->take();
        if (!request) {
          later(false, &visit::listen);
          return;
        }
        visitor.request = std::move(*request);
        answer = all.settings_.decide(visitor);
        box->post(answer.reply);
        if (!answer.take)
          note(answer.reply.value("refused", ""));
        hand_over();
      } catch (const std::exception& e) {
        end(e.what());
      }
    }

    void hand_over() {
      try {
        if (!box->flush()) {
          later(true, &visit::hand_over);
          return;
        }
      } catch (const error& e) {
        end(e.what());
        return;
      }
      auto take = std::move(answer.take);
      leave();
      if (take)
        take(box->release());
    }

    void note(const std::string& why) {
      if (why.empty())
        return;
      auto who = visitor.subject
                   ? fmt::format("host {} ({})", visitor.subject->name, where)
                   : where;
      all.log_.write(fmt::format("refused {}: {}", who, why));
    }

    void end(const std::string& why) {
      if (over)
        return;
      note(why);
      leave();
      box.reset();
      close();
    }

    void close() {
      connection.reset();
      if (handle >= 0)
        ::close(std::exchange(handle, -1));
    }

    /// Is no visit any more.
    void leave() {
      over = true;
      detach();
      all.visits_.remove_if([&](const auto& x) { return x.get() == this; });
    }

    /// Lets go of the io context, which it may outlive.
    void detach() {
      timer.reset();
      if (waits)
        waits->release();
      waits.reset();
    }

    keeper& all;
    int handle;
    std::string where;
    std::optional<descriptor> waits;
    std::optional<asio::steady_timer> timer;
    openssl_ptr<SSL> connection;
    std::unique_ptr<letterbox> box;
    door_visitor visitor;
    door_answer answer;
    bool over = false;
  };

  void accept() {
    listener_.async_wait(descriptor::wait_read, [this](const auto& problem) {
      if (!problem)
        take_some();
    });
  }

  void take_some() {
    // So few that those that made way are gone before more come.
    constexpr size_t visits_at_once = 16;
    int problem = 0;
    for (size_t i = 0; i < visits_at_once && problem == 0; ++i) {
      auto socket = ::accept4(listener_.native_handle(), nullptr, nullptr,
                              SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0)
        problem = errno;
      else
        begin_visit(socket);
    }
    if (problem == EMFILE || problem == ENFILE || problem == ENOBUFS
        || problem == ENOMEM) {
      // Until others have gone.
      pause_.expires_after(100ms);
      pause_.async_wait([this](const auto& stopped) {
        if (!stopped)
          take_some();
      });
      return;
    }
    accept();
  }

  void begin_visit(int socket) {
    set_up_connection(socket);
    if (visits_.size() >= visits_max) {
      auto oldest = visits_.front();
      oldest->end("made way for newer connections");
    }
    try {
      visits_.push_back(std::make_shared<visit>(*this, socket));
    } catch (const std::exception& e) {
      ::close(socket);
      log_.write(e.what());
      return;
    }
    auto newest = visits_.back();
    newest->start();
  }

  settings settings_;
  scarce_log log_;
  asio::io_context io_{1};
  descriptor listener_;
  uint16_t port_;
  asio::steady_timer pause_;
  std::list<std::shared_ptr<visit>> visits_;
  std::thread thread_;
};

door::door(settings all) : keeper_(std::make_unique<keeper>(std::move(all))) {
}

door::~door() = default;

uint16_t door::port() const noexcept {
  return keeper_->port();
}

} // namespace caps
