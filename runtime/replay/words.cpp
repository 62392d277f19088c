#include "runtime/replay/words.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace caps {

namespace {

constexpr std::string_view spaces = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  auto first = std::min(text.find_first_not_of(spaces), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(spaces) + 1);
}

std::optional<int64_t> to_number(std::string_view text) {
  int64_t result = 0;
  auto last = text.data() + text.size();
  auto [end, failure] = std::from_chars(text.data(), last, result);
  if (failure != std::errc{} || end != last || result < 0
      || result > number_max)
    return std::nullopt;
  return result;
}

} // namespace

words::words(std::string_view line) : rest_(trimmed(line)) {}

std::string_view words::next() const {
  return rest_.substr(0, rest_.find_first_of(spaces));
}

void words::drop(size_t bytes) {
  rest_ = trimmed(rest_.substr(bytes));
}

std::string words::word(std::string_view what) {
  if (done())
    throw input_error(fmt::format("{} is missing", what));
  auto quote = rest_.front();
  if (quote != '\'' && quote != '"') {
    std::string result{next()};
    drop(result.size());
    return result;
  }
  auto end = rest_.find(quote, 1);
  if (end == std::string_view::npos)
    throw input_error(fmt::format("{} is not closed: {}", quote, rest_));
  if (end == 1)
    throw input_error(fmt::format("{} is empty", what));
  std::string result{rest_.substr(1, end - 1)};
  drop(end + 1);
  return result;
}

bool words::accept(std::string_view word) {
  if (next() != word)
    return false;
  drop(word.size());
  return true;
}

int64_t words::number(std::string_view what) {
  if (done())
    throw input_error(fmt::format("{} is missing", what));
  if (auto result = accept_number())
    return *result;
  throw input_error(
    fmt::format("{} is a whole number, found '{}'", what, next()));
}

std::optional<int64_t> words::accept_number() {
  auto text = next();
  if (text.starts_with('#')) // as events are shown
    text.remove_prefix(1);
  auto result = to_number(text);
  if (result)
    drop(next().size());
  return result;
}

std::string words::rest() {
  std::string result{rest_};
  rest_ = {};
  return result;
}

void words::finish() const {
  if (!done())
    throw input_error(fmt::format("'{}' is too much", rest_));
}

} // namespace caps
