#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace caps {

/// What comes before a run: files are read, a graph is drawn, samples are
/// dealt, nodes are made. What takes longer than a second of that is shown on
/// standard error: on a terminal by a line that counts the seconds, elsewhere,
/// from ten seconds on, by a line now and then. There is nothing to keep yet,
/// so an interrupt ends the process, as soon as no other run in it is left that
/// wants to end in order.
class setup_phase {
public:
  struct options {
    /// The user's wish to stop; null where a signal ends the process by itself.
    const std::atomic<bool>* interrupted = nullptr;
    bool shown = true;
  };

  explicit setup_phase(const options& how);

  ~setup_phase();

  setup_phase(const setup_phase&) = delete;
  setup_phase& operator=(const setup_phase&) = delete;

  /// Goes on to something else, such as "drawing the graph"; to something that
  /// is not shown if that is empty.
  void begin(std::string_view what);

  /// From now on somebody else looks whether the user wants to stop.
  void hand_over();

  /// The run begins, or has failed to.
  void end();

private:
  using clock = std::chrono::steady_clock;

  void watch();
  void leave_if_asked(clock::time_point now);
  void show(clock::time_point now);
  void clear_line();

  options how_;
  bool terminal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string what_;
  clock::time_point begun_ = clock::now();
  /// When to show it the next time.
  clock::duration due_{0};
  bool line_shown_ = false;
  bool handed_over_ = false;
  bool over_ = false;
  std::optional<clock::time_point> asked_;
  std::thread thread_;
};

} // namespace caps
