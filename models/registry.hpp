#pragma once

#include "models/errors.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// The known word closest to `word` (edit distance), or an empty string when
/// none is close enough to be what was meant.
std::string nearest(std::string_view word,
                    const std::vector<std::string>& known);

/// "a, b, c".
std::string join(const std::vector<std::string>& words,
                 std::string_view separator = ", ");

/// Named makers of one kind of component (nets, datasets, protocols...). The
/// built-in ones are added by one explicit table per kind, further ones by
/// plug-ins; nothing registers itself.
template <class Recipe>
class registry {
public:
  struct entry {
    std::string name;
    /// One line: what it is, and the paper or program it comes from.
    std::string doc;
    std::function<std::unique_ptr<Recipe>()> recipe;
  };

  /// `kind` names the component in messages: "model", "protocol".
  explicit registry(std::string kind) : kind_(std::move(kind)) {}

  /// Adds an entry; throws `input_error` when the name is taken.
  void add(entry x) {
    if (find(x.name) != nullptr)
      throw input_error(kind_ + " '" + x.name + "' is registered twice");
    entries_.push_back(std::move(x));
  }

  /// Returns the entry or nullptr.
  const entry* find(std::string_view name) const {
    auto i = std::find_if(entries_.begin(), entries_.end(),
                          [&](const entry& x) { return x.name == name; });
    return i == entries_.end() ? nullptr : &*i;
  }

  /// Returns the entry; throws `input_error` listing the known names.
  const entry& at(std::string_view name) const {
    if (auto x = find(name))
      return *x;
    auto known = names();
    auto close = nearest(name, known);
    throw input_error("unknown " + kind_ + " '" + std::string{name} + "'"
                      + (close.empty() ? "" : " (did you mean '" + close + "'?)")
                      + "; known: " + join(known));
  }

  const std::string& kind() const noexcept { return kind_; }

  /// All entries in the order they were added.
  const std::vector<entry>& entries() const noexcept { return entries_; }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& x : entries_)
      result.push_back(x.name);
    return result;
  }

private:
  std::string kind_;
  std::vector<entry> entries_;
};

} // namespace caps
