#include "runtime/cli/command_reference.hpp"

#include <fmt/format.h>

#include <iterator>

namespace caps {

namespace {

std::string command_names(const std::vector<described_command>& commands,
                          std::string_view separator) {
  std::vector<std::string> names;
  for (const auto& x : commands)
    if (!x.name.empty())
      names.push_back(x.name);
  return fmt::format("{}", fmt::join(names, separator));
}

/// A text within quotes of zsh, and within the brackets of `_arguments`.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (auto c : text)
    if (c == '\'')
      result += "'\\''";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      result += {'\\', c};
    else
      result += c;
  return result;
}

/// What `_arguments` of zsh calls a message and an action.
std::string zsh_value(const described_option& x, std::string_view message) {
  std::string action;
  if (x.is_path)
    action = "_files";
  else if (!x.choices.empty())
    action = fmt::format("({})", fmt::join(x.choices, " "));
  return fmt::format(":{}:{}", zsh_text(message), action);
}

std::string zsh_arguments(const described_command& command) {
  std::string result = "_arguments";
  auto to = std::back_inserter(result);
  for (const auto& x : command.options) {
    result += " \\\n        ";
    if (x.positional)
      fmt::format_to(to, "'{}{}'", x.repeatable ? "*" : "",
                     zsh_value(x, x.name));
    else
      fmt::format_to(to, "'{}{}{}[{}]{}'", x.repeatable ? "*" : "", x.name,
                     x.takes_value ? "=" : "", zsh_text(x.doc),
                     x.takes_value ? zsh_value(x, "value") : "");
  }
  return result;
}

} // namespace

std::string bash_completion(const std::vector<described_command>& commands) {
  std::string values;
  std::string words;
  for (const auto& command : commands) {
    std::vector<std::string> names;
    std::vector<std::string> arguments;
    for (const auto& x : command.options) {
      if (x.positional) {
        arguments.insert(arguments.end(), x.choices.begin(), x.choices.end());
        continue;
      }
      names.push_back(x.name);
      if (!x.takes_value)
        continue;
      // No choices: any value; what is no path is not completed.
      auto action = fmt::format("choices='{}'", fmt::join(x.choices, " "));
      fmt::format_to(std::back_inserter(values), "    '{} {}') {} ;;\n",
                     command.name, x.name,
                     x.is_path ? "return" : action);
    }
    fmt::format_to(std::back_inserter(words),
                   "    '{}') options='{}' arguments='{}' ;;\n", command.name,
                   fmt::join(names, " "),
                   command.name.empty()
                     ? command_names(commands, " ")
                     : fmt::format("{}", fmt::join(arguments, " ")));
  }
  return fmt::format(R"(# bash completion for caps_runtime, made by itself.

_caps_runtime() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  local command= word choices= options= arguments=
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
      {commands}) command=$word; break ;;
    esac
  done
  # The value of an option; of a path, bash knows better.
  case "$command $prev" in
{values}    *)
      case $command in
{words}      esac
      if [[ $cur == -* ]]; then
        choices=$options
      else
        choices=$arguments
      fi
      [[ $choices ]] || return
      ;;
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$cur"))
}}

complete -o default -F _caps_runtime caps_runtime
)",
                     fmt::arg("commands", command_names(commands, "|")),
                     fmt::arg("values", values), fmt::arg("words", words));
}

std::string zsh_completion(const std::vector<described_command>& commands) {
  std::string list;
  std::string cases;
  for (const auto& x : commands) {
    if (x.name.empty())
      continue;
    fmt::format_to(std::back_inserter(list), "    '{}:{}'\n", x.name,
                   zsh_text(x.doc));
    fmt::format_to(std::back_inserter(cases),
                   "    {})\n      shift words\n      (( CURRENT-- ))\n"
                   "      {}\n      return ;;\n",
                   x.name, zsh_arguments(x));
  }
  return fmt::format(R"(#compdef caps_runtime
# zsh completion for caps_runtime, made by itself.

_caps_runtime() {{
  local -a commands
  commands=(
{list}  )
  case $words[2] in
{cases}  esac
  (( CURRENT == 2 )) && _describe command commands
  {own}
}}

_caps_runtime "$@"
)",
                     fmt::arg("list", list), fmt::arg("cases", cases),
                     fmt::arg("own", zsh_arguments(commands.front())));
}

} // namespace caps
