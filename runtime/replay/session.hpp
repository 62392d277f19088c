#pragma once

#include "runtime/replay/cursor.hpp"
#include "runtime/run_file/node_states.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// What a command has to say, for people and for programs.
struct answer {
  /// Whole lines.
  std::string text;
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  /// Nothing follows.
  bool quit = false;
};

/// Walks through a recording at the commands of a user. Knows no terminal: one
/// line in, one answer out.
class session {
public:
  /// Makes what knows the states of nodes at every event.
  using exact_states = std::function<std::unique_ptr<node_states>()>;

  /// Neither may go before the session does.
  session(recording_file& file, node_states& states)
    : file_(file), states_(states), cursor_(file) {}

  /// Says how to come to exact states when the user wants them; making them,
  /// and every question to them, may throw `error`.
  void offer(exact_states make) { make_exact_ = std::move(make); }

  /// Whether states are those of the very position from here on. Throws
  /// `input_error` if this cannot be.
  void exact(bool yes);

  /// Longest time that a command may take.
  void limit(std::chrono::nanoseconds time) noexcept { time_ = time; }

  /// Executes one line; an empty one, or one that begins with #, does nothing.
  /// Throws `input_error` for what is wrong with the line and `error` with the
  /// exit code of what else is wrong (a damaged file, a search that took too
  /// long or was cancelled); the position is then what it was before.
  answer execute(std::string_view line);

  /// The words that may stand at the end of `line` instead of its last word.
  std::vector<std::string> completions(std::string_view line) const;

  recording_file& file() noexcept { return file_; }
  const recording_file& file() const noexcept { return file_; }
  node_states& states() noexcept { return exact_ ? *exact_ : states_; }
  cursor& place() noexcept { return cursor_; }

  /// Places with names.
  std::map<std::string, int64_t>& marks() noexcept { return marks_; }
  const std::map<std::string, int64_t>& marks() const noexcept {
    return marks_;
  }

private:
  recording_file& file_;
  node_states& states_;
  exact_states make_exact_;
  std::unique_ptr<node_states> exact_;
  cursor cursor_;
  std::map<std::string, int64_t> marks_;
  std::chrono::nanoseconds time_ = std::chrono::minutes{10};
};

} // namespace caps
