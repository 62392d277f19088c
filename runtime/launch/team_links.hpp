#pragma once

#include "runtime/launch/join_order.hpp"
#include "runtime/launch/process_gate.hpp"
#include "runtime/wire/byte_stream.hpp"
#include "runtime/wire/door.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace caps {

/// The connections of a process to all others of its run: to those of this
/// host over the sockets that it inherited, to the others over the network,
/// where those with the higher numbers connect to those with the lower ones,
/// all to the head, and one that has come back to all.
class team_links {
public:
  /// Connects. Throws `error` if one cannot be reached within a minute; of
  /// those that one that has come back does not find, it waits for none but the
  /// head.
  explicit team_links(const join_order& order);

  /// By number; null for this process, and for those that are not there.
  std::vector<std::unique_ptr<byte_stream>> take_streams();

  /// From here on `f` gets connections of processes that come back.
  void
  pass_on(std::function<void(size_t process, std::unique_ptr<byte_stream>)> f);

private:
  void connect(const join_order& order);
  /// Null if the process cannot be reached.
  std::unique_ptr<byte_stream> call(const join_order& order, size_t process);

  std::vector<std::unique_ptr<byte_stream>> streams_;
  std::shared_ptr<const tls_context> tls_;
  std::optional<process_gate> gate_;
  /// Lets in by the gate.
  std::optional<door> door_;
};

} // namespace caps
