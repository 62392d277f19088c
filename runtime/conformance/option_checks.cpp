#include "runtime/conformance/option_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace caps {

namespace {

class option_inspector final : public option_visitor {
public:
  void boolean(std::string_view name, bool&, std::string_view doc) override {
    look(name, doc);
  }

  void integer(std::string_view name, int64_t& value,
               const interval<int64_t>& range, std::string_view doc) override {
    look(name, doc);
    look_at_range(name, range, {value});
  }

  void real(std::string_view name, double& value, const interval<double>& range,
            std::string_view doc) override {
    look(name, doc);
    look_at_range(name, range, {value});
  }

  void text(std::string_view name, std::string&,
            std::string_view doc) override {
    look(name, doc);
  }

  void choice(std::string_view name, std::string& value,
              const std::vector<std::string_view>& choices,
              std::string_view doc) override {
    look(name, doc);
    if (std::ranges::find(choices, value) == choices.end())
      tell("the default of '{}', \"{}\", is none of its choices", name, value);
  }

  void time(std::string_view name, duration&, std::string_view doc) override {
    look(name, doc);
  }

  void integers(std::string_view name, std::vector<int64_t>& value,
                const interval<int64_t>& range, std::string_view doc) override {
    look(name, doc);
    look_at_range(name, range, value);
  }

  void reals(std::string_view name, std::vector<double>& value,
             const interval<double>& range, std::string_view doc) override {
    look(name, doc);
    look_at_range(name, range, value);
  }

  void texts(std::string_view name, std::vector<std::string>&,
             std::string_view doc) override {
    look(name, doc);
  }

  option_problem found;

private:
  void look(std::string_view name, std::string_view doc) {
    ++found.options;
    if (doc.empty())
      tell("nothing explains '{}'", name);
  }

  template <class T>
  void look_at_range(std::string_view name, const interval<T>& range,
                     const std::vector<T>& values) {
    if (range.min == std::numeric_limits<T>::lowest()
        && range.max == std::numeric_limits<T>::max())
      tell("'{}' takes any number: give it bounds", name);
    for (auto x : values)
      if (!range.contains(x))
        tell("the default of '{}' is out of its range", name);
  }

  template <class... Args>
  void tell(fmt::format_string<Args...> text, Args&&... args) {
    if (found.text.empty())
      found.text = fmt::format(text, std::forward<Args>(args)...);
  }
};

} // namespace

option_problem problem_of_options(protocol_recipe& recipe) {
  option_inspector inspector;
  recipe.describe(inspector);
  return std::move(inspector.found);
}

} // namespace caps
