#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace caps {

/// An option of a command, or an argument that has no name on the command line.
struct described_option {
  /// "--out"; of an argument without dashes, "scenario".
  std::string name;
  std::string doc;
  bool positional = false;
  bool takes_value = false;
  /// May be given several times.
  bool repeatable = false;
  /// Its value is a file or folder.
  bool is_path = false;
  /// The words its value is one of; empty for any.
  std::vector<std::string> choices;
};

struct described_command {
  /// "check"; empty for what the program does without a command.
  std::string name;
  std::string doc;
  std::vector<described_option> options;
};

/// What the command line takes: the program itself first, then its commands.
/// Options that are not for people are left out.
std::vector<described_command> describe_commands(const CLI::App& app);

/// Completes the command line in bash.
std::string bash_completion(const std::vector<described_command>& commands);

/// Completes the command line in zsh; goes into a file `_caps_runtime`.
std::string zsh_completion(const std::vector<described_command>& commands);

/// A manual page, in the format of man(7). `footer` is what stands below the
/// options in --help.
std::string manual_page(const std::vector<described_command>& commands,
                        const std::string& version, const std::string& footer);

} // namespace caps
