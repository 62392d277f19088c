#include "tests/bench/gloo_ping_pong.hpp"

#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/hash_store.h>
#include <gloo/transport/tcp/device.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace caps::bench {

namespace {

/// The tag of all messages.
constexpr uint64_t slot = 1;

} // namespace

class gloo_ping_pong::ends {
public:
  ends(size_t bytes, bool answers)
    : near_(0, bytes), far_(1, bytes), answers_(answers) {
    gloo::rendezvous::HashStore store;
    std::binary_semaphore connected{0};
    thread_ = std::thread{[&, this] {
      far_.connect(store, gloo::transport::tcp::CreateDevice("127.0.0.1"));
      connected.release();
      work();
    }};
    near_.connect(store, gloo::transport::tcp::CreateDevice("127.0.0.1"));
    connected.acquire();
  }

  ~ends() {
    over_ = true;
    near_.send();
    thread_.join();
  }

  void once() {
    near_.send();
    if (answers_)
      near_.receive();
    else
      done_.acquire();
  }

private:
  struct end {
    end(int rank, size_t bytes)
      : context(std::make_shared<gloo::rendezvous::Context>(rank, 2)),
        data(bytes, 1) {}

    void connect(gloo::rendezvous::Store& store,
                 std::shared_ptr<gloo::transport::Device> device) {
      context->connectFullMesh(store, device);
      buffer = context->createUnboundBuffer(data.data(), data.size());
    }

    void send() {
      buffer->send(1 - context->rank, slot);
      buffer->waitSend();
    }

    void receive() {
      buffer->recv(1 - context->rank, slot);
      buffer->waitRecv();
    }

    std::shared_ptr<gloo::rendezvous::Context> context;
    std::vector<char> data;
    std::unique_ptr<gloo::transport::UnboundBuffer> buffer;
  };

  void work() {
    for (;;) {
      far_.receive();
      if (over_)
        return;
      if (answers_)
        far_.send();
      else
        done_.release();
    }
  }

  end near_;
  end far_;
  bool answers_;
  std::atomic<bool> over_{false};
  std::binary_semaphore done_{0};
  std::thread thread_;
};

gloo_ping_pong::gloo_ping_pong(size_t bytes, bool answers)
  : ends_(std::make_unique<ends>(bytes, answers)) {}

gloo_ping_pong::~gloo_ping_pong() = default;

void gloo_ping_pong::operator()() {
  ends_->once();
}

} // namespace caps::bench
