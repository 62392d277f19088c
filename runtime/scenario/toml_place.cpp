#include "runtime/scenario/toml_place.hpp"

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
