#include "runtime/cli/command_reference.hpp"

#include <CLI/CLI.hpp>

namespace caps {

namespace {

/// CLI11 writes the words that it admits as "TEXT:{one,two}".
std::vector<std::string> choices_in(const std::string& type) {
  auto open = type.find('{');
  auto close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos)
    return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

described_option describe(const CLI::Option& x) {
  described_option result;
  result.positional = !x.nonpositional();
  result.name = x.get_name();
  if (!x.get_lnames().empty())
    result.name = "--" + x.get_lnames().front();
  result.doc = x.get_description();
  result.takes_value = x.get_items_expected_max() > 0;
  result.repeatable = x.get_items_expected_max() > 1
                      || x.get_multi_option_policy()
                           == CLI::MultiOptionPolicy::TakeAll;
  auto type = x.get_type_name();
  result.is_path = type.starts_with("PATH");
  result.choices = choices_in(type);
  return result;
}

described_command describe_command(const CLI::App& app) {
  described_command result{app.get_name(), app.get_description(), {}};
  for (const auto* x : app.get_options({}))
    if (!x->get_group().empty())
      result.options.push_back(describe(*x));
  return result;
}

} // namespace

std::vector<described_command> describe_commands(const CLI::App& app) {
  std::vector<described_command> result{describe_command(app)};
  result.front().name.clear();
  for (const auto* x : app.get_subcommands({}))
    result.push_back(describe_command(*x));
  return result;
}

} // namespace caps
