#include "runtime/scenario/documentation.hpp"

#include "models/compression/reducer.hpp"
#include "models/nets/net_summary.hpp"
#include "runtime/scenario/scenario.hpp"
#include "runtime/scenario/writer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <iterator>
#include <limits>

namespace caps {

namespace {

/// One option, as text.
struct option_text {
  std::string name;
  std::string type;
  std::string initial;
  std::string doc;
};

template <class T>
std::string with_range(std::string_view type, const interval<T>& range) {
  auto low = range.min > std::numeric_limits<T>::lowest();
  auto high = range.max < std::numeric_limits<T>::max();
  if (!low && !high)
    return std::string{type};
  auto number = [](T x) {
    if constexpr (std::is_same_v<T, double>)
      return to_text(x);
    else
      return std::to_string(x);
  };
  if (!high)
    return fmt::format("{} {} {}", type,
                       range.min_open ? ">" : ">=", number(range.min));
  if (!low)
    return fmt::format("{} {} {}", type,
                       range.max_open ? "<" : "<=", number(range.max));
  return fmt::format("{} in {}{}, {}{}", type, range.min_open ? "(" : "[",
                     number(range.min), number(range.max),
                     range.max_open ? ")" : "]");
}

/// Collects the options of one table.
class option_collector final : public option_visitor {
public:
  void boolean(std::string_view name, bool& value,
               std::string_view doc) override {
    add(name, "boolean", value ? "true" : "false", doc);
  }

  void integer(std::string_view name, int64_t& value,
               const interval<int64_t>& range, std::string_view doc) override {
    add(name, with_range("integer", range), std::to_string(value), doc);
  }

  void real(std::string_view name, double& value, const interval<double>& range,
            std::string_view doc) override {
    add(name, with_range("number", range), to_text(value), doc);
  }

  void text(std::string_view name, std::string& value,
            std::string_view doc) override {
    add(name, "string", toml_string(value), doc);
  }

  void choice(std::string_view name, std::string& value,
              const std::vector<std::string_view>& choices,
              std::string_view doc) override {
    add(name, fmt::format("one of {}", fmt::join(choices, ", ")),
        toml_string(value), doc);
  }

  void time(std::string_view name, duration& value,
            std::string_view doc) override {
    add(name, "time", toml_string(to_text(value)), doc);
  }

  void integers(std::string_view name, std::vector<int64_t>& value,
                const interval<int64_t>& range, std::string_view doc) override {
    add(name, with_range("array of integers", range),
        fmt::format("[{}]", fmt::join(value, ", ")), doc);
  }

  void reals(std::string_view name, std::vector<double>& value,
             const interval<double>& range, std::string_view doc) override {
    add(name, with_range("array of numbers", range),
        fmt::format("[{}]", fmt::join(value, ", ")), doc);
  }

  void texts(std::string_view name, std::vector<std::string>& value,
             std::string_view doc) override {
    std::vector<std::string> words;
    for (const auto& x : value)
      words.push_back(toml_string(x));
    add(name, "array of strings", fmt::format("[{}]", fmt::join(words, ", ")),
        doc);
  }

  std::vector<option_text> options;

private:
  void add(std::string_view name, std::string type, std::string initial,
           std::string_view doc) {
    options.push_back({std::string{name}, std::move(type), std::move(initial),
                       std::string{doc}});
  }
};

std::string markdown_table(const std::vector<option_text>& options) {
  std::string result
    = "| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const auto& x : options)
    fmt::format_to(std::back_inserter(result), "| `{}` | {} | `{}` | {} |\n",
                   x.name, x.type, x.initial, x.doc);
  return result;
}

/// Calls `f(plural, registry)` for each kind of component.
template <class F>
void for_each_kind(const components& known, F f) {
  f("protocols", *known.protocols);
  f("models", *known.models);
  f("datasets", *known.datasets);
  f("partitions", *known.partitions);
  f("optimizers", *known.optimizers);
  f("topologies", *known.topologies);
  f("swaps", *known.swap_schedules);
  f("schedules", *known.schedules);
  f("compressors", built_in_reducers());
}

template <class Entry>
std::vector<option_text> options_of(const Entry& entry) {
  option_collector collector;
  entry.recipe()->describe(collector);
  return collector.options;
}

class scenario_documenter final : public scenario_visitor {
public:
  void table(std::string_view name, std::string_view doc,
             const body& options) override {
    section(name.empty() ? "Top of the file" : fmt::format("[{}]", name), doc,
            options);
  }

  void
  tables(std::string_view name, std::string_view doc, size_t,
         const std::function<void(size_t)>& resize,
         const std::function<void(size_t, option_visitor&)>& entry) override {
    resize(1);
    section(fmt::format("[[{}]]", name), doc,
            [&](option_visitor& v) { entry(0, v); });
    resize(0);
  }

  std::string out;

private:
  void section(const std::string& title, std::string_view doc,
               const body& options) {
    option_collector collector;
    options(collector);
    fmt::format_to(std::back_inserter(out), "### {}\n\n{}\n\n{}\n", title, doc,
                   markdown_table(collector.options));
  }
};

} // namespace

std::string document_scenario(const components& known) {
  scenario defaults{known};
  scenario_documenter documenter;
  defaults.visit(documenter);
  auto out = std::move(documenter.out);
  for_each_kind(known, [&](std::string_view plural, const auto& entries) {
    fmt::format_to(std::back_inserter(out), "## {}\n\n", plural);
    for (const auto& entry : entries.entries()) {
      fmt::format_to(std::back_inserter(out), "**`{}`**: {}\n\n", entry.name,
                     entry.doc);
      auto options = options_of(entry);
      if (!options.empty())
        out += markdown_table(options) + "\n";
    }
  });
  return out;
}

namespace {

/// What a net costs on data of some shape.
struct net_cost {
  std::vector<int64_t> sample;
  net_summary facts;
};

/// One component, as it is listed.
struct listed_component {
  std::string name;
  std::string doc;
  /// Of nets, on the pictures of the usual datasets they can take.
  std::vector<net_cost> costs;
  std::vector<option_text> options;
};

template <class Entry>
std::vector<net_cost> costs_of(const Entry&) {
  return {};
}

template <>
std::vector<net_cost> costs_of(const registry<net_recipe>::entry& entry) {
  std::vector<net_cost> result;
  for (const data_shape& data : {data_shape{{1, 28, 28}, 10},
                                 data_shape{{3, 32, 32}, 10},
                                 data_shape{{16}, 0}}) {
    try {
      result.push_back(
        {data.sample, summarize(*entry.recipe()->make(data), at::kFloat)});
    } catch (const input_error&) {
      continue; // not made for such data
    }
  }
  return result;
}

std::vector<listed_component> components_of(const components& known,
                                            std::string_view kind) {
  std::vector<listed_component> result;
  std::vector<std::string> kinds;
  for_each_kind(known, [&](std::string_view plural, const auto& entries) {
    kinds.emplace_back(plural);
    if (plural != kind)
      return;
    for (const auto& entry : entries.entries())
      result.push_back(
        {entry.name, entry.doc, costs_of(entry), options_of(entry)});
  });
  if (result.empty())
    throw input_error(fmt::format("there is nothing to list under '{}'; known: "
                                  "{}",
                                  kind, join(kinds)));
  return result;
}

} // namespace

std::string list_components(const components& known, std::string_view kind) {
  std::string out;
  auto to = std::back_inserter(out);
  for (const auto& x : components_of(known, kind)) {
    fmt::format_to(to, "{}\n    {}\n", x.name, x.doc);
    for (const auto& [data, cost] : x.costs)
      fmt::format_to(to,
                     "    on {}: {} parameters, {} buffers, {} bytes, {} "
                     "multiply-adds a sample\n",
                     fmt::join(data, "x"), cost.parameters, cost.buffers,
                     cost.bytes, cost.multiply_adds);
    for (const auto& option : x.options)
      fmt::format_to(to, "    {} = {}  ({}) {}\n", option.name, option.initial,
                     option.type, option.doc);
  }
  return out;
}

std::string list_components_json(const components& known,
                                 std::string_view kind) {
  using json_value = nlohmann::ordered_json;
  auto list = json_value::array();
  for (const auto& x : components_of(known, kind)) {
    json_value entry{{"name", x.name}, {"meaning", x.doc}};
    auto& options = entry["options"] = json_value::array();
    for (const auto& option : x.options)
      options.push_back({{"key", option.name},
                         {"type", option.type},
                         {"default", option.initial},
                         {"meaning", option.doc}});
    if (!x.costs.empty()) {
      auto& costs = entry["costs"] = json_value::array();
      for (const auto& [data, cost] : x.costs)
        costs.push_back({{"sample", data},
                         {"parameters", cost.parameters},
                         {"buffers", cost.buffers},
                         {"bytes", cost.bytes},
                         {"multiply_adds", cost.multiply_adds}});
    }
    list.push_back(std::move(entry));
  }
  return json_value{{"kind", kind}, {"components", list}}.dump(2) + "\n";
}

} // namespace caps
