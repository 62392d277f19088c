#pragma once

#include "models/errors.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

namespace caps {

/// How something ended that ran in a process of its own.
struct isolated_end {
  /// The process ended by itself, neither by a signal nor for lack of time.
  bool by_itself = false;
  /// If so.
  exit_code code = exit_code::failure;
  /// What it said last on standard error, or what ended it.
  std::string text;
};

/// Runs `f` in a copy of this process, so that whatever it does (crash, never
/// end, change globals) stays there. What it writes to standard error goes to
/// the file `messages`; standard output goes nowhere. After `limit` it is
/// killed.
///
/// This process must have one thread only: others are not copied. Throws
/// `error` if no process can be made.
isolated_end run_isolated(const std::function<exit_code()>& f,
                          const std::filesystem::path& messages,
                          std::chrono::milliseconds limit);

} // namespace caps
