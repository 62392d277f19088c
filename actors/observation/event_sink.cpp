#include "actors/observation/event_sink.hpp"

#include <caf/type_erased_tuple.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <typeindex>

namespace caps {

namespace {

std::string demangle(const std::type_info& type) {
  int problem = 0;
  std::unique_ptr<char, decltype(&std::free)> text{
    abi::__cxa_demangle(type.name(), nullptr, nullptr, &problem), &std::free};
  return problem == 0 ? text.get() : type.name();
}

/// "caps::(anonymous namespace)::tick" is a tick, and
/// "caps::with_buffers<caps::dual>" a "with_buffers<dual>".
std::string without_namespaces(const std::string& name) {
  auto bracket = name.find('<');
  auto own = name.substr(0, bracket);
  auto colons = own.rfind("::");
  if (colons != std::string::npos)
    own.erase(0, colons + 2);
  if (bracket == std::string::npos)
    return own;
  return own + '<' + without_namespaces(name.substr(bracket + 1));
}

} // namespace

std::string_view message_kind(const caf::type_erased_tuple& content) {
  static std::mutex mutex;
  static std::map<std::type_index, std::string> kinds;
  auto [number, type] = content.type(0);
  if (type == nullptr)
    return "builtin"; // never sent by a protocol alone
  std::lock_guard lock{mutex};
  auto [i, is_new] = kinds.try_emplace(*type);
  if (is_new)
    i->second = without_namespaces(demangle(*type));
  return i->second;
}

} // namespace caps
