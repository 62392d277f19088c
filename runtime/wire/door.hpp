#pragma once

#include "runtime/wire/byte_stream.hpp"
#include "runtime/wire/tls_context.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace caps {

/// Who knocks at a door: whom its certificate speaks of (nothing if it showed
/// none), where it comes from, and what it asks for.
struct door_visitor {
  std::optional<certificate_subject> subject;
  std::string address;
  nlohmann::json request;
};

/// What becomes of a visitor.
struct door_answer {
  nlohmann::json reply;
  /// Gets the connection once the reply has gone; empty to end it then.
  std::function<void(std::unique_ptr<byte_stream>)> take;
};

/// Refuses a visitor, for a reason.
door_answer refused(const std::string& why);

/// Refuses one who may come again later: `dial` throws `not_now` there.
door_answer refused_for_now(const std::string& why);

/// Where other hosts come in: takes connections at a port, has both ends show
/// their certificates, and lets somebody else decide about who asks.
///
/// Strangers get nowhere: a connection has five seconds and 64 KiB to show what
/// it wants, there are at most 128 of those, the oldest make way for newer
/// ones, and the log has a line a second about them at most.
class door {
public:
  struct settings {
    /// Takes over this socket, which listens and does not block.
    int socket = -1;
    std::shared_ptr<const tls_context> tls;
    /// Decides; called by the door's thread.
    std::function<door_answer(const door_visitor&)> decide;
    /// Gets lines about those that did not come in.
    std::function<void(const std::string& line)> log;
  };

  explicit door(settings all);

  /// Closes it.
  ~door();

  door(const door&) = delete;
  door& operator=(const door&) = delete;

  uint16_t port() const noexcept;

private:
  class keeper;

  std::unique_ptr<keeper> keeper_;
};

} // namespace caps
