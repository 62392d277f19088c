#include "runtime/scenario/toml_place.hpp"

#include "models/deep_key.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

#include <sstream>
#include <utility>

namespace caps {

namespace {

std::string kind_of(const toml::node& x) {
  std::ostringstream kind;
  kind << x.type();
  return std::move(kind).str();
}

} // namespace

std::string place_of(const toml::source_region& region) {
  if (!region.path)
    return {};
  // A setting of the command line has no lines.
  if (region.path->starts_with("--set"))
    return *region.path;
  return fmt::format("{}:{}:{}", *region.path, region.begin.line,
                     region.begin.column);
}

toml::table parse_toml(std::string_view text, const std::string& origin) {
  if (auto deep = find_deep_key(text)) {
    auto place = origin.starts_with("--set")
                   ? origin
                   : fmt::format("{}:{}:{}", origin, deep->line, deep->column);
    throw input_error(fmt::format("{}: expected a key of at most {} parts",
                                  place, key_parts_max));
  }
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& e) {
    throw input_error(
      fmt::format("{}: {}", place_of(e.source()), e.description()));
  }
}

std::string found(const toml::node& x) {
  if (x.is_table() || x.is_array())
    return "a" + std::string{x.is_array() ? "n array" : " table"};
  std::ostringstream text;
  if (auto s = x.as_string())
    text << '"' << s->get() << '"';
  else
    x.visit([&](const auto& v) { text << v; });
  return fmt::format("{} ({})", std::move(text).str(), kind_of(x));
}

} // namespace caps
