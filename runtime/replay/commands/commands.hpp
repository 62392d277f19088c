#pragma once

#include "runtime/replay/session.hpp"
#include "runtime/replay/words.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// One command of the prompt.
struct replay_command {
  std::string_view name;
  /// "step [n] [event|step|round|epoch]".
  std::string_view usage;
  /// One line for the list of commands.
  std::string_view summary;
  /// What else there is to know; may be empty.
  std::string_view details;
  answer (*run)(session&, words&);
  /// Words that may follow; null for none.
  std::vector<std::string> (*completions)(const session&);
};

/// All commands, in the order in which `help` lists them.
std::span<const replay_command> replay_commands();

// -- going somewhere ----------------------------------------------------------

answer step_command(session& s, words& in);
answer back_command(session& s, words& in);
answer goto_command(session& s, words& in);
answer until_command(session& s, words& in);
answer until_back_command(session& s, words& in);
answer where_command(session& s, words& in);
answer mark_command(session& s, words& in);
answer marks_command(session& s, words& in);

// -- looking at nodes ---------------------------------------------------------

answer nodes_command(session& s, words& in);
answer show_command(session& s, words& in);
answer diff_command(session& s, words& in);
answer when_command(session& s, words& in);
answer exact_command(session& s, words& in);

// -- looking at events and metrics --------------------------------------------

answer messages_command(session& s, words& in);
answer why_command(session& s, words& in);
answer print_command(session& s, words& in);
answer plot_command(session& s, words& in);
answer export_command(session& s, words& in);

// -- the prompt itself --------------------------------------------------------

answer help_command(session& s, words& in);
answer quit_command(session& s, words& in);

} // namespace caps
