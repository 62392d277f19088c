#pragma once

#include "models/errors.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace caps {

/// Makes the process leave when what is destroyed after a run (actor systems
/// above all, which wait for threads and connections) takes too long. Declared
/// before all that, so that it goes last.
class exit_deadline {
public:
  /// `limit` is the longest time for all of it.
  explicit exit_deadline(std::chrono::milliseconds limit
                         = std::chrono::seconds{10});

  /// All is gone in time.
  ~exit_deadline();

  exit_deadline(const exit_deadline&) = delete;
  exit_deadline& operator=(const exit_deadline&) = delete;

  /// Runs `f`, which returns how the run ended (`code` and `text`) or throws;
  /// from then on time runs. A process that leaves does so with that code and
  /// says that text.
  template <class F>
  auto bound(F f) {
    try {
      auto end = f();
      arm(end.code, end.text);
      return end;
    } catch (const error& e) {
      arm(e.code(), e.what());
      throw;
    } catch (const std::exception& e) {
      arm(exit_code::failure, e.what());
      throw;
    }
  }

private:
  struct departure {
    exit_code code = exit_code::success;
    std::string text;
  };

  void arm(exit_code code, const std::string& text);
  void watch();

  std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<departure> departure_;
  bool gone_ = false;
  std::thread thread_;
};

} // namespace caps
