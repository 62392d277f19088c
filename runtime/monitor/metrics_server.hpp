#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace caps {

/// Shows the state of a run to Prometheus: answers `GET /metrics` over HTTP on
/// this machine alone, in a thread of its own.
class metrics_server {
public:
  /// @param port 0 for any that is free
  /// @param text what the page says now; called by the server's thread
  ///
  /// Throws `error` if nobody can listen there.
  metrics_server(uint16_t port, std::function<std::string()> text);
  ~metrics_server();

  metrics_server(const metrics_server&) = delete;
  metrics_server& operator=(const metrics_server&) = delete;

  uint16_t port() const noexcept;

private:
  class listener;

  std::unique_ptr<listener> listener_;
};

} // namespace caps
