#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caps {

/// What follows a command on its line, taken word by word. Words are separated
/// by spaces; quotes, single or double, keep spaces in a word.
class words {
public:
  explicit words(std::string_view line);

  /// Whether nothing is left.
  bool done() const noexcept { return rest_.empty(); }

  /// Takes the next word; throws `input_error` if there is none ("`what` is
  /// missing") or a quote is not closed.
  std::string word(std::string_view what);

  /// Takes the next word if it is this one.
  bool accept(std::string_view word);

  /// Takes a whole number from 0 on; throws `input_error` if the next word is
  /// none.
  int64_t number(std::string_view what);

  /// Takes the next word if it is a whole number from 0 on.
  std::optional<int64_t> accept_number();

  /// Takes all that is left, as it stands.
  std::string rest();

  /// Throws `input_error` if something is left.
  void finish() const;

private:
  std::string_view next() const;
  void drop(size_t bytes);

  std::string_view rest_;
};

/// Numbers that somebody types in are not larger.
inline constexpr int64_t number_max = 1'000'000'000'000;

} // namespace caps
