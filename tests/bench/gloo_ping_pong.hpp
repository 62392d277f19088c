#pragma once

#include <cstddef>
#include <memory>

namespace caps::bench {

/// Two ends of gloo, the transport of PyTorch's own distributed training, over
/// TCP on loopback, each with its thread: one sends bytes, the other sends them
/// back or not.
class gloo_ping_pong {
public:
  gloo_ping_pong(size_t bytes, bool answers);
  ~gloo_ping_pong();

  gloo_ping_pong(const gloo_ping_pong&) = delete;
  gloo_ping_pong& operator=(const gloo_ping_pong&) = delete;

  void operator()();

private:
  class ends;

  std::unique_ptr<ends> ends_;
};

} // namespace caps::bench
