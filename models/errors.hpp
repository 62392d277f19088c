#pragma once

#include <stdexcept>
#include <string>

namespace caps {

/// What a failed program says to the shell that started it.
enum class exit_code : int {
  /// Everything asked for was done.
  success = 0,
  /// A fault of this program or of the machine (disk full, out of memory).
  failure = 1,
  /// The scenario or the command line is wrong.
  bad_input = 2,
  /// Data is missing, cut off or corrupt.
  bad_data = 3,
  /// A loss or a parameter became NaN or infinite.
  diverged = 4,
  /// A node or a process was lost, or somebody waited past a deadline.
  lost = 5,
  /// The user interrupted the run (128 + SIGINT, as shells expect).
  interrupted = 130,
};

/// Base of every error this project throws below the actors. The message is
/// one line that says what is wrong, where, and what was expected.
class error : public std::runtime_error {
public:
  explicit error(const std::string& what, exit_code code = exit_code::failure)
    : std::runtime_error(what), code_(code) {
  }

  /// The exit code this error ends the program with.
  exit_code code() const noexcept { return code_; }

private:
  exit_code code_;
};

/// A value the user chose cannot be used: out of range, of the wrong kind, or
/// in conflict with another one.
class input_error : public error {
public:
  explicit input_error(const std::string& what)
    : error(what, exit_code::bad_input) {
  }
};

/// A data file is missing, cut off or corrupt.
class data_error : public error {
public:
  explicit data_error(const std::string& what)
    : error(what, exit_code::bad_data) {
  }
};

/// Training produced a number that is NaN or infinite.
class diverged_error : public error {
public:
  explicit diverged_error(const std::string& what)
    : error(what, exit_code::diverged) {
  }
};

} // namespace caps
