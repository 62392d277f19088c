#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Reads lines from the terminal that standard input is, with editing, history
/// and completion (libedit; ~/.editrc is obeyed).
class line_editor {
public:
  /// The words that may take the place of the last word of a line.
  using completer
    = std::function<std::vector<std::string>(std::string_view line)>;

  /// What became of a line.
  enum class outcome : uint8_t {
    /// It was entered.
    line,
    /// A signal came in between (Ctrl-C).
    interrupted,
    /// There is none any more (Ctrl-D, or the terminal is gone).
    end,
  };

  /// Lines are remembered in `history` from one session to the next; an empty
  /// path forgets them.
  line_editor(completer complete, std::filesystem::path history);

  ~line_editor();

  line_editor(const line_editor&) = delete;
  line_editor& operator=(const line_editor&) = delete;

  /// Asks for a line, without its end.
  outcome read(const std::string& prompt, std::string& line);

private:
  struct state;

  std::unique_ptr<state> state_;
};

/// Where the history of a program's lines belongs: in XDG_STATE_HOME, or
/// ~/.local/state; empty without a home.
std::filesystem::path history_file(std::string_view name);

} // namespace caps
