#pragma once

#include "models/state.hpp"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace caps::test {

/// A component's state in memory: saves on the first kind of visit, gives
/// everything back on the second.
class memory_state {
public:
  template <class Component>
  void save(Component& component) {
    visitor x{*this, true};
    component.visit_state(x);
  }

  template <class Component>
  void load(Component& component) {
    visitor x{*this, false};
    component.visit_state(x);
  }

private:
  using value = std::variant<at::Tensor, int64_t, double, std::string,
                             std::vector<int64_t>>;

  class visitor : public state_visitor {
  public:
    visitor(memory_state& state, bool saving)
      : state_(state), saving_(saving) {}

    void tensor(std::string_view name, at::Tensor& x) override {
      if (saving_)
        state_.values_[key(name)] = x.defined() ? x.clone() : x;
      else if (auto saved = std::get<at::Tensor>(state_.values_.at(key(name)));
               saved.defined())
        x = saved.clone();
      else
        x = at::Tensor{};
    }

    void integer(std::string_view name, int64_t& x) override { visit(name, x); }

    void real(std::string_view name, double& x) override { visit(name, x); }

    void bytes(std::string_view name, std::string& x) override {
      visit(name, x);
    }

    void integers(std::string_view name, std::vector<int64_t>& x) override {
      visit(name, x);
    }

    void enter(std::string_view name) override {
      path_.push_back(std::string{name} + ".");
    }

    void leave() override { path_.pop_back(); }

  private:
    std::string key(std::string_view name) const {
      std::string result;
      for (const auto& part : path_)
        result += part;
      return result += name;
    }

    template <class T>
    void visit(std::string_view name, T& x) {
      if (saving_)
        state_.values_[key(name)] = x;
      else
        x = std::get<T>(state_.values_.at(key(name)));
    }

    memory_state& state_;
    bool saving_;
    std::vector<std::string> path_;
  };

  std::map<std::string, value> values_;
};

} // namespace caps::test
