#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace caps {

/// Opens /dev/null in the place of standard streams that are closed: else the
/// first files of a run would get their numbers, and what is printed would end
/// up in them. Call it first in `main`.
void fill_standard_streams();

/// Makes writing to a pipe that nobody reads any more an error instead of the
/// end of the program: a run goes on without its reader.
void outlive_readers();

/// Prints to standard output. What does not get out shows in
/// `flush_standard_output`, not here: who prints on the way of something
/// longer goes on.
void print_text(std::string_view text);

/// The same, formatted.
template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_text(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws `error` if something that was printed did not get out.
void flush_standard_output();

} // namespace caps
