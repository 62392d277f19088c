#pragma once

#include <SQLiteCpp/Database.h>

#include <atomic>
#include <chrono>

namespace caps {

/// Keeps an SQLite connection to reading what a recording holds, whatever the
/// file or the SQL of a user tries: no write, no other file, no function that
/// does more than compute, no text that grows without end, no schema of the
/// file that runs code. What takes too long is stopped.
///
/// The connection must not outlive its guard.
class read_guard {
public:
  using duration = std::chrono::nanoseconds;

  explicit read_guard(SQLite::Database& connection);

  read_guard(const read_guard&) = delete;
  read_guard& operator=(const read_guard&) = delete;

  /// Sets what must hold before anything is read. Throws what SQLite throws.
  void prepare();

  /// Refuses from here on everything but SELECT from a recording's tables.
  void close_gate();

  /// Stops what is running as soon as the flag is true; null for never.
  void watch(const std::atomic<bool>* cancelled) noexcept {
    cancelled_ = cancelled;
  }

  /// Stops what is still running after this time, from now on.
  void limit(duration time);

  /// What SQL of a user may see: events, metrics and nodes only.
  void distrust(bool yes) noexcept { distrusted_ = yes; }

  /// Throws `error` if what was to run has been cancelled, or has run for too
  /// long.
  void check() const;

private:
  static int on_progress(void* guard) noexcept;
  static int authorize(void* guard, int action, const char* first,
                       const char* second, const char* schema,
                       const char* origin) noexcept;

  bool expired() const;

  SQLite::Database& connection_;
  const std::atomic<bool>* cancelled_ = nullptr;
  duration time_{};
  std::chrono::steady_clock::time_point end_
    = std::chrono::steady_clock::time_point::max();
  bool distrusted_ = false;
};

} // namespace caps
