#include "runtime/cli/command_reference.hpp"

#include <fmt/format.h>

#include <iterator>
#include <sstream>

namespace caps {

namespace {

/// A text whose characters mean nothing else to troff.
std::string troff_text(std::string_view text) {
  std::string result;
  auto begins_line = true;
  for (auto c : text) {
    if (begins_line && (c == '.' || c == '\''))
      result += "\\&";
    begins_line = c == '\n';
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  return result;
}

std::string value_of(const described_option& x) {
  if (!x.choices.empty())
    return " \\fR" + troff_text(fmt::format("{}", fmt::join(x.choices, "|")))
           + "\\fP";
  return x.is_path ? " \\fIpath\\fP" : " \\fIvalue\\fP";
}

std::string usage_of(const described_command& command) {
  std::string result = "\\fBcaps_runtime\\fP";
  if (!command.name.empty())
    result += " \\fB" + command.name + "\\fP";
  for (const auto& x : command.options)
    if (x.positional)
      result += fmt::format(" \\fI{}\\fP{}", troff_text(x.name),
                            x.repeatable ? "..." : "");
  return result + " [\\fIoptions\\fP]";
}

std::string options_of(const described_command& command) {
  std::string result;
  for (const auto& x : command.options)
    fmt::format_to(std::back_inserter(result), ".TP\n{}{}\n{}\n",
                   x.positional ? fmt::format("\\fI{}\\fP", troff_text(x.name))
                                : fmt::format("\\fB{}\\fP", troff_text(x.name)),
                   x.takes_value && !x.positional ? value_of(x) : "",
                   troff_text(x.doc));
  return result;
}

} // namespace

std::string manual_page(const std::vector<described_command>& commands,
                        const std::string& version, const std::string& footer) {
  const auto& program = commands.front();
  std::string result;
  auto to = std::back_inserter(result);
  fmt::format_to(to,
                 ".TH CAPS_RUNTIME 1 \"\" \"{}\"\n.SH NAME\n"
                 "caps_runtime \\- {}\n.SH SYNOPSIS\n",
                 version, troff_text(program.doc));
  for (const auto& x : commands)
    fmt::format_to(to, "{}\n.br\n", usage_of(x));
  fmt::format_to(to, ".SH OPTIONS\n{}.SH COMMANDS\n", options_of(program));
  for (const auto& x : commands)
    if (!x.name.empty())
      fmt::format_to(to, ".SS {}\n{}\n{}", x.name, troff_text(x.doc),
                     options_of(x));
  fmt::format_to(to, ".SH NOTES\n.nf\n{}\n.fi\n", troff_text(footer));
  return result;
}

} // namespace caps
