#include "runtime/scenario/reader.hpp"

#include "runtime/plugin/loader.hpp"
#include "runtime/scenario/table_reader.hpp"
#include "runtime/scenario/toml_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace caps {

namespace {

/// Reads a whole scenario.
class scenario_reader final : public scenario_visitor {
public:
  scenario_reader(const toml::table& source, std::string origin,
                  source_map& places)
    : source_(source), places_(places), top_(source, "", origin, places),
      origin_(std::move(origin)) {}

  void table(std::string_view name, std::string_view,
             const body& options) override {
    if (name.empty()) {
      options(top_);
      return;
    }
    top_.allow(name);
    auto path = std::string{name};
    static const toml::table nothing;
    auto x = source_.get(name);
    if (x == nullptr) {
      table_reader reader{nothing, path, origin_, places_};
      options(reader);
      return;
    }
    auto place = place_of(x->source());
    auto content = x->as_table();
    if (content == nullptr)
      throw input_error(fmt::format("{}: {}: expected a table [{}], found {}",
                                    place, name, name, found(*x)));
    places_.add(path, place);
    read(*content, path, place, options);
  }

  void
  tables(std::string_view name, std::string_view, size_t,
         const std::function<void(size_t)>& resize,
         const std::function<void(size_t, option_visitor&)>& entry) override {
    top_.allow(name);
    auto x = source_.get(name);
    if (x == nullptr) {
      resize(0);
      return;
    }
    auto items = x->as_array();
    if (items == nullptr
        || !(items->empty() || items->is_homogeneous<toml::table>()))
      throw input_error(fmt::format("{}: {}: expected tables [[{}]], found {}",
                                    place_of(x->source()), name, name,
                                    found(*x)));
    resize(items->size());
    for (size_t i = 0; i < items->size(); ++i) {
      const auto& item = *(*items)[i].as_table();
      auto path = fmt::format("{}[{}]", name, i);
      auto place = place_of(item.source());
      places_.add(path, place);
      read(item, path, place,
           [&](option_visitor& reader) { entry(i, reader); });
    }
  }

  void finish() const { top_.finish(); }

private:
  void read(const toml::table& content, const std::string& path,
            const std::string& place, const body& options) {
    table_reader reader{content, path, place, places_};
    options(reader);
    reader.finish();
  }

  const toml::table& source_;
  source_map& places_;
  table_reader top_;
  std::string origin_;
};

/// Puts everything in `from` over what is in `into`.
void merge(toml::table& into, toml::table&& from) {
  for (auto&& [key, value] : from) {
    auto old = into.get_as<toml::table>(key.str());
    if (old != nullptr && value.is_table())
      merge(*old, std::move(*value.as_table()));
    else
      into.insert_or_assign(key, std::move(value));
  }
}

/// Puts `content` over the file it includes, if any, and that over the next.
/// The number of files is bounded: they may include each other.
toml::table with_includes(toml::table content,
                          const std::filesystem::path& file,
                          source_map& places) {
  constexpr size_t files_max = 16;
  places.add_file(file.string());
  auto key = content.get("include");
  if (key == nullptr)
    return content;
  auto place = place_of(key->source());
  auto name = key->value_exact<std::string>();
  if (!name)
    throw input_error(fmt::format("{}: include: expected a string, found {}",
                                  place, found(*key)));
  if (places.files() > files_max)
    throw input_error(fmt::format("{}: include: more than {} files include "
                                  "each other",
                                  place, files_max));
  auto base = file.parent_path() / *name;
  auto result = with_includes(
    parse_toml(text_of_toml_file(base, "scenario", place + ": include: "),
               base.string()),
    base, places);
  content.erase("include");
  merge(result, std::move(content));
  return result;
}

/// "a.b=value" as a table; a value that is no TOML is taken as a string, so
/// that `--set protocol.name=dsgd` needs no quotes.
toml::table parse_setting(const std::string& setting) {
  auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    throw input_error(fmt::format(
      "--set {}: expected key=value, such as --set optimizer.lr=0.1", setting));
  // Messages name the setting, but not a page of it.
  constexpr size_t shown_max = 200;
  auto origin = "--set " + setting.substr(0, shown_max)
                + (setting.size() > shown_max ? "..." : "");
  auto key = setting.substr(0, equals);
  auto value = setting.substr(equals + 1);
  try {
    return parse_toml(key + " = " + value, origin);
  } catch (const input_error&) {
    if (value.find_first_of("\"'\n\\") == std::string::npos) {
      try {
        return parse_toml(key + " = \"" + value + "\"", origin);
      } catch (const input_error&) {
        // The key is wrong as well: report the setting as it was written.
      }
    }
    throw;
  }
}

/// The components of the plug-ins that a scenario loads, besides those known.
/// They must be there before anything else of it is read. What is no list of
/// files is left to the reader.
components load_plugins(const toml::table& source, components known) {
  auto files = source["plugins"]["load"].as_array();
  if (files == nullptr)
    return known;
  for (const auto& file : *files) {
    auto name = file.value_exact<std::string>();
    if (!name)
      continue;
    auto where = file.source();
    std::filesystem::path folder;
    if (where.path && !where.path->starts_with("--set"))
      folder = std::filesystem::path{*where.path}.parent_path();
    try {
      known = with_plugin(known, folder / *name);
    } catch (const input_error& e) {
      throw input_error(fmt::format("{}: plugins.load: {}", place_of(where),
                                    e.what()));
    }
  }
  return known;
}

} // namespace

bool source_map::wins(const std::string& a, const std::string& b) const {
  auto rank = [this](const std::string& x) {
    return x.starts_with("--set")
             ? -1
             : std::ranges::find(files_, x) - files_.begin();
  };
  return rank(a) < rank(b);
}

std::vector<std::string> source_map::changed_in(const std::string& key) const {
  std::vector<std::string> result;
  for (const auto& [name, at] : changes_)
    if (name == key || name.starts_with(key + "."))
      result.push_back(name);
  return result;
}

bool source_map::said_over(const std::string& a, const std::string& b) const {
  auto first = changes_.find(a);
  auto second = changes_.find(b);
  return first != changes_.end() && second != changes_.end()
         && wins(first->second.file, second->second.file);
}

std::string source_map::where(std::string key) const {
  for (;;) {
    auto i = places_.find(key);
    if (i != places_.end())
      return i->second;
    if (key.empty())
      return "scenario";
    auto dot = key.rfind('.');
    key = dot == std::string::npos ? "" : key.substr(0, dot);
  }
}

loaded_scenario parse_scenario(std::string_view text, const std::string& origin,
                               const std::vector<std::string>& settings,
                               const components& known) {
  source_map places;
  auto source = with_includes(parse_toml(text, origin), origin, places);
  for (const auto& setting : settings)
    merge(source, parse_setting(setting));
  auto all = load_plugins(source, known);
  loaded_scenario result{scenario{all}, std::move(places)};
  result.places.add("", origin);
  scenario_reader reader{source, origin, result.places};
  result.content.visit(reader);
  reader.finish();
  // Whoever reads this scenario again may do so from elsewhere.
  result.content.plugins = all.plugins;
  return result;
}

loaded_scenario load_scenario(const std::filesystem::path& file,
                              const std::vector<std::string>& settings,
                              const components& known) {
  auto text = text_of_toml_file(file, "scenario");
  auto result = parse_scenario(text, file.string(), settings, known);
  if (result.content.name.empty())
    result.content.name = file.stem().string();
  return result;
}

} // namespace caps
