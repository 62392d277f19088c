#pragma once

#include "runtime/wire/wire_link.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace caps {

/// Where the link to another process is found: the process may be lost, and
/// come back over another one. Any thread may call.
class link_place {
public:
  /// Null while there is none: what is sent then is lost.
  std::shared_ptr<wire_link> get() const {
    std::lock_guard lock{mutex_};
    return link_;
  }

  /// Returns the one before.
  std::shared_ptr<wire_link> put(std::shared_ptr<wire_link> next) {
    std::lock_guard lock{mutex_};
    return std::exchange(link_, std::move(next));
  }

  /// Counts what passes over all links that are here in turn.
  const std::shared_ptr<link_meter>& meter() const noexcept { return meter_; }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<wire_link> link_;
  std::shared_ptr<link_meter> meter_ = std::make_shared<link_meter>();
};

} // namespace caps
