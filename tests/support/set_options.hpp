#pragma once

#include "models/errors.hpp"
#include "models/options.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace caps::test {

using option_value = std::variant<bool, int64_t, double, std::string,
                                  std::vector<int64_t>, std::vector<double>,
                                  std::vector<std::string>>;

using option_values = std::map<std::string, option_value, std::less<>>;

/// Gives the options it visits the values of a map, checking ranges as the
/// scenario loader does.
class option_setter : public option_visitor {
public:
  explicit option_setter(option_values values) : values_(std::move(values)) {}

  void boolean(std::string_view name, bool& value, std::string_view) override {
    take(name, value);
  }

  void integer(std::string_view name, int64_t& value,
               const interval<int64_t>& range, std::string_view) override {
    take(name, value);
    check(name, value, range);
  }

  void real(std::string_view name, double& value, const interval<double>& range,
            std::string_view) override {
    take(name, value);
    check(name, value, range);
  }

  void text(std::string_view name, std::string& value,
            std::string_view) override {
    take(name, value);
  }

  void choice(std::string_view name, std::string& value,
              const std::vector<std::string_view>& choices,
              std::string_view) override {
    take(name, value);
    for (auto x : choices)
      if (x == value)
        return;
    throw input_error(std::string{name} + " cannot be " + value);
  }

  void time(std::string_view name, duration& value, std::string_view) override {
    std::string text;
    if (take(name, text))
      value = parse_duration(text);
  }

  void integers(std::string_view name, std::vector<int64_t>& value,
                const interval<int64_t>& range, std::string_view) override {
    take(name, value);
    for (auto x : value)
      check(name, x, range);
  }

  void reals(std::string_view name, std::vector<double>& value,
             const interval<double>& range, std::string_view) override {
    take(name, value);
    for (auto x : value)
      check(name, x, range);
  }

  void texts(std::string_view name, std::vector<std::string>& value,
             std::string_view) override {
    take(name, value);
  }

  /// Throws if a value was given for an option nobody asked for.
  void finish() const {
    for (const auto& [name, value] : values_)
      if (!taken_.contains(name))
        throw input_error("there is no option " + name);
  }

private:
  template <class T>
  bool take(std::string_view name, T& value) {
    auto i = values_.find(name);
    if (i == values_.end())
      return false;
    value = std::get<T>(i->second);
    taken_.insert(i->first);
    return true;
  }

  template <class T>
  static void check(std::string_view name, T value, const interval<T>& range) {
    if (!range.contains(value))
      throw input_error(std::string{name}
                        + " is out of range: " + std::to_string(value));
  }

  option_values values_;
  std::set<std::string> taken_;
};

/// The component of that name with these options set.
template <class Registry>
auto configured(const Registry& components, std::string_view name,
                option_values values = {}) {
  auto result = components.at(name).recipe();
  option_setter setter{std::move(values)};
  result->describe(setter);
  setter.finish();
  return result;
}

} // namespace caps::test
