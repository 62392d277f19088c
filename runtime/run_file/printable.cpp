#include "runtime/run_file/printable.hpp"

namespace caps {

namespace {

std::string without_controls(std::string text, bool keep_lines) {
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    auto next
      = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if (byte == '\n' && keep_lines)
      continue;
    if (byte < 0x20 || byte == 0x7f)
      text[i] = '?';
    // U+0080 to U+009F in UTF-8.
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0)
      text[i] = text[i + 1] = '?';
  }
  return text;
}

} // namespace

std::string printable(std::string text) {
  return without_controls(std::move(text), false);
}

std::string printable_lines(std::string text) {
  return without_controls(std::move(text), true);
}

} // namespace caps
