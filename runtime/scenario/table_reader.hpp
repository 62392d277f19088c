#pragma once

#include "models/errors.hpp"
#include "models/options.hpp"
#include "models/registry.hpp"
#include "runtime/scenario/reader.hpp"
#include "runtime/scenario/toml_place.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

template <class T>
std::string range_text(const interval<T>& range) {
  auto number = [](T x) {
    if constexpr (std::is_same_v<T, double>)
      return to_text(x);
    else
      return std::to_string(x);
  };
  auto bounded_below = range.min > std::numeric_limits<T>::lowest();
  auto bounded_above = range.max < std::numeric_limits<T>::max();
  auto low = (range.min_open ? "above " : "at least ") + number(range.min);
  auto high = (range.max_open ? "below " : "at most ") + number(range.max);
  if (bounded_below && bounded_above)
    return low + " and " + high;
  return bounded_below ? low : high;
}

/// Reads the options of one table and remembers which keys it knows.
class table_reader final : public option_visitor {
public:
  table_reader(const toml::table& source, std::string path, std::string place,
               source_map& places)
    : source_(source), path_(std::move(path)), place_(std::move(place)),
      places_(places) {}

  void boolean(std::string_view name, bool& value, std::string_view) override {
    if (auto x = find(name))
      put(name, value, expect<bool>(*x, name, "true or false"));
  }

  void integer(std::string_view name, int64_t& value,
               const interval<int64_t>& range, std::string_view) override {
    if (auto x = find(name))
      put(name, value,
          in_range(*x, name, expect<int64_t>(*x, name, "an integer"), range));
  }

  void real(std::string_view name, double& value, const interval<double>& range,
            std::string_view) override {
    if (auto x = find(name))
      put(name, value, in_range(*x, name, number(*x, name), range));
  }

  void text(std::string_view name, std::string& value,
            std::string_view) override {
    if (auto x = find(name))
      put(name, value, expect<std::string>(*x, name, "a string"));
  }

  void choice(std::string_view name, std::string& value,
              const std::vector<std::string_view>& choices,
              std::string_view) override {
    auto x = find(name);
    if (x == nullptr)
      return;
    auto word = expect<std::string>(*x, name, "a string");
    if (std::find(choices.begin(), choices.end(), word) == choices.end()) {
      std::vector<std::string> known{choices.begin(), choices.end()};
      auto close = nearest(word, known);
      fail(*x,
           fmt::format(
             "{}: there is no '{}'{}; known: {}", full(name), word,
             close.empty() ? "" : fmt::format(" (did you mean '{}'?)", close),
             join(known)));
    }
    put(name, value, std::move(word));
  }

  void time(std::string_view name, duration& value, std::string_view) override {
    auto x = find(name);
    if (x == nullptr)
      return;
    auto words = expect<std::string>(
      *x, name, "a length of time such as \"30ms\" in quotes");
    try {
      put(name, value, parse_duration(words));
    } catch (const input_error& e) {
      fail(*x, full(name) + ": " + e.what());
    }
  }

  void integers(std::string_view name, std::vector<int64_t>& value,
                const interval<int64_t>& range, std::string_view) override {
    list(name, value, [&](const toml::node& x) {
      return in_range(x, name, expect<int64_t>(x, name, "an integer"), range);
    });
  }

  void reals(std::string_view name, std::vector<double>& value,
             const interval<double>& range, std::string_view) override {
    list(name, value, [&](const toml::node& x) {
      return in_range(x, name, number(x, name), range);
    });
  }

  void texts(std::string_view name, std::vector<std::string>& value,
             std::string_view) override {
    list(name, value, [&](const toml::node& x) {
      return expect<std::string>(x, name, "strings");
    });
  }

  void idle(std::string_view name, std::string_view why) override {
    if (auto key = full(name); places_.changes(key))
      places_.warn(key, fmt::format("changes nothing: {}", why));
  }

  void contradicts(std::string_view name, std::string_view why) override {
    auto key = full(name);
    places_.locate(key, [&] {
      if (places_.changes(key))
        throw input_error(fmt::format("{}: {}; leave it out", key, why));
    });
  }

  /// Lets keys through that another reader takes care of.
  void allow(std::string_view name) { known_.emplace(name); }

  /// Refuses keys that nothing asked for. Options that a file gives to one
  /// component are dropped when another file or the command line chooses
  /// another component over it.
  void finish() const {
    for (const auto& [key, x] : source_) {
      if (known_.count(std::string{key.str()}) > 0 || is_overruled(key))
        continue;
      auto close = nearest(key.str(), {known_.begin(), known_.end()});
      auto hint = close.empty()
                    ? "; known here: " + join({known_.begin(), known_.end()})
                    : fmt::format("; did you mean '{}'?", close);
      throw input_error(fmt::format("{}: unknown key '{}'{}",
                                    place_of(key.source()), full(key.str()),
                                    hint));
    }
  }

private:
  bool is_overruled(const toml::key& key) const {
    if (path_.empty() || key.source().path == nullptr)
      return false;
    for (auto name : {"kind", "name", "compressor"})
      if (auto chosen = source_.get(name);
          chosen != nullptr && chosen->source().path != nullptr
          && places_.wins(*chosen->source().path, *key.source().path))
        return true;
    return false;
  }

  const toml::node* find(std::string_view name) {
    known_.emplace(name);
    auto x = source_.get(name);
    if (x != nullptr)
      places_.add(full(name), place_of(x->source()));
    return x;
  }

  std::string full(std::string_view name) const {
    return path_.empty() ? std::string{name}
                         : fmt::format("{}.{}", path_, name);
  }

  [[noreturn]] void fail(const toml::node& x, const std::string& text) const {
    auto place = place_of(x.source());
    throw input_error((place.empty() ? place_ : place) + ": " + text);
  }

  template <class T>
  T expect(const toml::node& x, std::string_view name,
           std::string_view expected) const {
    if (auto value = x.value_exact<T>())
      return *value;
    fail(x, fmt::format("{}: expected {}, found {}", full(name), expected,
                        found(x)));
  }

  double number(const toml::node& x, std::string_view name) const {
    if (auto value = x.value_exact<int64_t>())
      return static_cast<double>(*value);
    return expect<double>(x, name, "a number");
  }

  template <class T>
  T in_range(const toml::node& x, std::string_view name, T value,
             const interval<T>& range) const {
    // NaN is in no interval.
    if (!range.contains(value))
      fail(x, fmt::format("{}: {} is out of range, expected {}", full(name),
                          found(x), range_text(range)));
    return value;
  }

  template <class T, class F>
  void list(std::string_view name, std::vector<T>& value, F convert) {
    auto x = find(name);
    if (x == nullptr)
      return;
    auto items = x->as_array();
    if (items == nullptr)
      fail(*x, fmt::format("{}: expected an array, found {}", full(name),
                           found(*x)));
    std::vector<T> read;
    for (const auto& item : *items)
      read.push_back(convert(item));
    put(name, value, std::move(read));
  }

  /// Takes a value over, which may be the default it had anyway.
  template <class T>
  void put(std::string_view name, T& value, T read) {
    if (value != read)
      places_.mark_changed(full(name), place_of(source_.get(name)->source()),
                           file_of(*source_.get(name)));
    value = std::move(read);
  }

  static std::string file_of(const toml::node& x) {
    auto path = x.source().path;
    return path ? *path : std::string{};
  }

  const toml::table& source_;
  std::string path_;
  std::string place_;
  source_map& places_;
  std::set<std::string> known_;
};

} // namespace caps
