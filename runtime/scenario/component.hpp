#pragma once

#include "models/options.hpp"
#include "models/registry.hpp"

#include <memory>
#include <string>

namespace caps {

/// A choice among registered components, with the options of the chosen one:
/// a table of a scenario whose first key names the component and whose other
/// keys are that component's options.
template <class Recipe>
class component {
public:
  component(std::shared_ptr<const registry<Recipe>> known, std::string name)
    : known_(std::move(known)),
      initial_(name), name_(std::move(name)),
      recipe_(known_->at(name_).recipe()) {
  }

  const std::string& name() const noexcept { return name_; }

  /// Chooses what was chosen first again, with its defaults.
  void reset() {
    name_ = initial_;
    recipe_ = known_->at(name_).recipe();
  }

  /// Shared, because nodes keep the recipe while they make their parts.
  std::shared_ptr<const Recipe> recipe() const noexcept { return recipe_; }

  /// Shows the name as `key`, then the options of the component so named.
  void describe(option_visitor& visitor, std::string_view key) {
    auto names = known_->names();
    std::vector<std::string_view> choices{names.begin(), names.end()};
    auto before = name_;
    visitor.choice(key, name_, choices,
                   "the " + known_->kind() + "; `caps_runtime list` shows all");
    if (name_ != before)
      recipe_ = known_->at(name_).recipe();
    recipe_->describe(visitor);
  }

private:
  std::shared_ptr<const registry<Recipe>> known_;
  std::string initial_;
  std::string name_;
  std::shared_ptr<Recipe> recipe_;
};

} // namespace caps
