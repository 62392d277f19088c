#include "runtime/study/study.hpp"

#include "models/options.hpp"
#include "models/registry.hpp"
#include "runtime/scenario/toml_file.hpp"
#include "runtime/scenario/toml_place.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>

namespace caps {

namespace {

[[noreturn]] void fail(const toml::node& x, const std::string& text) {
  throw input_error(place_of(x.source()) + ": " + text);
}

/// Reads the keys of one table; refuses those nobody asked for.
class key_reader {
public:
  explicit key_reader(const toml::table& source) : source_(source) {}

  template <class T>
  void read(const std::string& key, T& value, const char* expected) {
    if (auto x = find(key))
      value = convert<T>(*x, key, expected);
  }

  template <class T>
  void read(const std::string& key, std::vector<T>& values,
            const char* expected) {
    auto x = find(key);
    if (x == nullptr)
      return;
    auto items = x->as_array();
    if (items == nullptr)
      fail(*x, fmt::format("{}: expected an array of {}s", key, expected));
    values.clear();
    for (const auto& item : *items)
      values.push_back(convert<T>(item, key, expected));
  }

  /// The entry of a key, or nullptr.
  const toml::node* find(const std::string& key) {
    if (std::ranges::find(known_, key) == known_.end())
      known_.push_back(key);
    return source_.get(key);
  }

  const toml::node& require(const std::string& key) {
    auto x = find(key);
    if (x == nullptr)
      fail(source_, fmt::format("{} is missing", key));
    return *x;
  }

  /// The tables of an array of tables, one at least.
  std::vector<const toml::table*> tables(const std::string& key) {
    const auto& x = require(key);
    auto items = x.as_array();
    if (items == nullptr || items->empty()
        || !items->is_homogeneous<toml::table>())
      fail(x, fmt::format("{}: expected tables [[{}]]", key, key));
    std::vector<const toml::table*> result;
    for (const auto& item : *items)
      result.push_back(item.as_table());
    return result;
  }

  void finish() const {
    for (const auto& [key, x] : source_)
      if (std::ranges::find(known_, key.str()) == known_.end()) {
        auto close = nearest(key.str(), known_);
        throw input_error(fmt::format(
          "{}: unknown key '{}'{}", place_of(key.source()), key.str(),
          close.empty() ? "; known here: " + join(known_)
                        : fmt::format("; did you mean '{}'?", close)));
      }
  }

private:
  template <class T>
  T convert(const toml::node& x, const std::string& key, const char* expected) {
    if constexpr (std::is_same_v<T, double>)
      if (auto whole = x.value_exact<int64_t>())
        return static_cast<double>(*whole);
    if (auto result = x.value_exact<T>())
      return *result;
    fail(x, fmt::format("{}: expected {}", key, expected));
  }

  const toml::table& source_;
  std::vector<std::string> known_;
};

/// Lower-case letters and digits, all else as single dashes.
std::string path_word(const std::string& name) {
  std::string result;
  for (auto c : name) {
    auto x = static_cast<unsigned char>(c);
    if (std::isalnum(x) != 0 || c == '.')
      result += static_cast<char>(std::tolower(x));
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  while (!result.empty() && result.back() == '-')
    result.pop_back();
  return result.empty() ? "-" : result;
}

study_line read_line(key_reader& keys) {
  study_line result;
  keys.require("name");
  keys.read("name", result.name, "a string");
  keys.read("set", result.settings, "string");
  return result;
}

/// A number as it was published, or a word.
std::string published_text(const toml::node& x, int64_t digits) {
  if (auto text = x.value_exact<std::string>())
    return *text;
  if (x.is_number())
    return fmt::format("{:.{}f}", *x.value<double>(), digits);
  fail(x, "published: expected a number, or a word such as \"NC\"");
}

std::vector<std::string> published_of(key_reader& keys, size_t columns,
                                      int64_t digits) {
  std::vector<std::string> result(columns);
  auto x = keys.find("published");
  if (x == nullptr)
    return result;
  auto items = x->as_array();
  if (items == nullptr || items->size() != columns)
    fail(*x, fmt::format("published: expected an array of {} values, one for "
                         "each column",
                         columns));
  for (size_t i = 0; i < columns; ++i)
    result[i] = published_text((*items)[i], digits);
  return result;
}

study_table read_table(const toml::table& source, int64_t digits,
                       std::set<std::string>& names) {
  key_reader keys{source};
  study_table result;
  std::vector<std::string> settings;
  keys.require("title");
  keys.read("title", result.title, "a string");
  keys.read("set", settings, "string");
  for (auto x : keys.tables("column")) {
    key_reader column{*x};
    result.columns.push_back(read_line(column));
    column.finish();
  }
  for (auto x : keys.tables("row")) {
    key_reader row{*x};
    result.rows.push_back(read_line(row));
    auto published = published_of(row, result.columns.size(), digits);
    row.finish();
    const auto& line = result.rows.back();
    for (size_t i = 0; i < result.columns.size(); ++i) {
      const auto& column = result.columns[i];
      study_cell cell{fmt::format("{}/{}/{}", path_word(result.title),
                                  path_word(line.name), path_word(column.name)),
                      settings, published[i]};
      for (const auto& more : {line.settings, column.settings})
        cell.settings.insert(cell.settings.end(), more.begin(), more.end());
      if (!names.insert(cell.name).second)
        fail(*x, fmt::format("there are two cells of the name {}", cell.name));
      result.cells.push_back(std::move(cell));
    }
  }
  keys.finish();
  return result;
}

toml::table parse_study(const std::filesystem::path& file) {
  return parse_toml(text_of_toml_file(file, "study"), file.string());
}

} // namespace

study load_study(const std::filesystem::path& file) {
  auto source = parse_study(file);
  key_reader keys{source};
  study result;
  // delays.study.toml is called "delays".
  result.name = file.stem().stem().string();
  std::string base;
  keys.require("base");
  keys.read("base", base, "a string");
  result.base = file.parent_path() / base;
  const auto& seeds = keys.require("seeds");
  keys.read("seeds", result.seeds, "integer");
  if (result.seeds.empty()
      || std::ranges::any_of(result.seeds, [](int64_t x) { return x < 0; }))
    fail(seeds, "seeds: expected integers from 0 up, one at least");
  keys.read("value", result.value, "a string");
  keys.read("scale", result.scale, "a number");
  keys.read("tolerance", result.tolerance, "a number");
  keys.read("digits", result.digits, "an integer");
  if (result.digits < 0 || result.digits > 9)
    fail(*keys.find("digits"), "digits: expected an integer from 0 to 9");
  std::set<std::string> names;
  for (auto x : keys.tables("table"))
    result.tables.push_back(read_table(*x, result.digits, names));
  keys.finish();
  return result;
}

} // namespace caps
