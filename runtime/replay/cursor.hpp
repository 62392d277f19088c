#pragma once

#include "runtime/replay/event_question.hpp"
#include "runtime/replay/node_index.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace caps {

/// What `step` and `back` count.
enum class stride : uint8_t {
  event,
  /// A local update of any node (at a parameter server: a new version).
  step,
  /// As many local updates of every training node as a round has.
  round,
  /// An epoch of every node, as metrics were reported.
  epoch,
};

/// "event", "step", "round" or "epoch"; nothing otherwise.
std::optional<stride> stride_of(std::string_view text);

/// A place in a recording: the event that has been handled last. Places are
/// numbered like events; the one before the first event is `start()`.
///
/// Everything that moves returns false, and goes as far as it can, when the
/// recording ends before that (or begins after that).
class cursor {
public:
  explicit cursor(recording_file& file);

  int64_t position() const noexcept { return position_; }
  int64_t start() const noexcept { return file_.first() - 1; }
  int64_t end() const noexcept { return file_.last(); }

  /// Nanoseconds on the run's clock of the last event handled; at the start,
  /// of the first one to come.
  int64_t time();

  /// Moves by `n` > 0 strides.
  bool forward(int64_t n, stride unit);
  bool back(int64_t n, stride unit);

  void to_start() { position_ = start(); }
  void to_end() { position_ = end(); }

  /// Goes back to where a cursor of this recording has been.
  void to_position(int64_t position) noexcept { position_ = position; }

  /// Throws `input_error` if there is no such event.
  void to_event(int64_t sequence);

  /// After the last event that began at this time or before; on the real clock
  /// neighbouring events may have changed places.
  void to_time(std::chrono::nanoseconds time);

  /// After the event with which the last training node that lives finished its
  /// n-th step, round or epoch (from 1; 0 is the start). Throws `input_error`, naming who
  /// did not get there, if there is none.
  void to(int64_t n, stride unit);

  /// The next event, or the one before, that meets the condition; stays where
  /// it is if there is none.
  bool until(const event_question& what);
  bool until_back(const event_question& what);

  /// Rounds and epochs that all training nodes that live have finished.
  int64_t rounds();
  int64_t epochs();

  /// Local steps of a round, as the scenario says.
  int64_t steps_per_round() const noexcept { return steps_per_round_; }

  /// How far every node is.
  std::vector<node_progress> nodes() { return index_.at(position_); }

private:
  struct epoch_end {
    int64_t epoch = 0;
    int64_t sequence = 0;
  };

  bool forward_steps(int64_t n);
  bool back_steps(int64_t n);
  bool move_rounds(int64_t n);
  bool move_epochs(int64_t n);
  /// The event with which the last training node made its n-th step.
  std::optional<int64_t> all_made_step(int64_t n);
  bool have_made_step(const std::vector<node_progress>& nodes, int64_t n);
  /// Whether the node at place `i` is dead, given how far it is.
  bool is_dead(size_t i, const node_progress& node);
  const std::vector<epoch_end>& epoch_ends();

  recording_file& file_;
  node_index index_;
  int64_t position_;
  int64_t steps_per_round_;
  std::optional<std::vector<epoch_end>> epoch_ends_;
  /// By place of the node: the event with which it died.
  std::optional<std::map<size_t, int64_t>> deaths_;
};

} // namespace caps
