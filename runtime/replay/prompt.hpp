#pragma once

#include "runtime/replay/session.hpp"

#include <cstdio>
#include <iosfwd>
#include <string>
#include <vector>

namespace caps {

/// How answers are printed: as text, or as one JSON object a line.
enum class answer_format : uint8_t { text, json };

/// Executes lines one after the other and prints the answers, up to the first
/// error, which it throws; in JSON, it is an answer as well.
void run_lines(session& s, const std::vector<std::string>& lines,
               answer_format format, std::FILE* out);

/// The same for lines as they come.
void run_lines(session& s, std::istream& in, answer_format format,
               std::FILE* out);

/// Talks to the user at the terminal that standard input is, until `quit` or
/// Ctrl-D. Errors are printed, and the next line is asked for; Ctrl-C cancels
/// the line, or what it has set off.
void run_prompt(session& s, answer_format format);

} // namespace caps
