#pragma once

#include "runtime/scenario/scenario.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Where the tables and keys of a scenario were written: "file:line:column",
/// or "--set key=value" for what the command line says.
class source_map {
public:
  void add(std::string key, std::string where) {
    places_[std::move(key)] = std::move(where);
  }

  /// Whether a table or key was written at all.
  bool knows(const std::string& key) const { return places_.contains(key); }

  /// The place of a key such as "topology.kind", of the nearest table around
  /// it, or of the file.
  std::string where(std::string key) const;

  /// Runs `f`; an `input_error` leaves it with the place of `key` in front.
  template <class F>
  auto locate(const std::string& key, F f) const {
    try {
      return f();
    } catch (const input_error& e) {
      throw input_error(where(key) + ": " + e.what());
    }
  }

  /// Says that a key has another value than its default, and where it is said.
  void mark_changed(std::string key, std::string place, std::string file) {
    changes_[std::move(key)] = {std::move(place), std::move(file)};
  }

  /// Whether a key has another value than its default.
  bool changes(const std::string& key) const { return changes_.contains(key); }

  /// The keys with other values than their defaults of which `key` is the whole
  /// name, or the table.
  std::vector<std::string> changed_in(const std::string& key) const;

  /// Whether `a` was said over the file that says `b`: both keys are changed.
  bool said_over(const std::string& a, const std::string& b) const;

  /// Keeps a line on a key for whoever reads the scenario.
  void warn(const std::string& key, const std::string& text) {
    warnings_.push_back(where(key) + ": " + key + ": " + text);
  }

  const std::vector<std::string>& warnings() const noexcept {
    return warnings_;
  }

  /// Adds a file that was read; one that includes another comes before it.
  void add_file(std::string file) { files_.push_back(std::move(file)); }

  /// Number of files read.
  size_t files() const noexcept { return files_.size(); }

  /// Whether what `a` says goes over what `b` says: the command line ("--set
  /// ...") over files, a file over those it includes.
  bool wins(const std::string& a, const std::string& b) const;

private:
  struct change {
    std::string place;
    std::string file;
  };

  std::map<std::string, std::string> places_;
  std::map<std::string, change> changes_;
  std::vector<std::string> warnings_;
  std::vector<std::string> files_;
};

struct loaded_scenario {
  scenario content;
  source_map places;
};

/// Reads a scenario file with all it includes (`include = "file"` at the top
/// names a file, relative to the including one, whose keys hold wherever the
/// including one says nothing else), then the `key=value` settings of the command line,
/// which win. Throws `input_error` with file, line, column, key, what is there
/// and what was expected.
loaded_scenario load_scenario(const std::filesystem::path& file,
                              const std::vector<std::string>& settings,
                              const components& known);

/// As `load_scenario`, from text; `origin` stands for the file in messages.
loaded_scenario parse_scenario(std::string_view text, const std::string& origin,
                               const std::vector<std::string>& settings,
                               const components& known);

} // namespace caps
