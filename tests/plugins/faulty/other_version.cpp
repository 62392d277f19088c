// Built for another version of the program.

#undef CAPS_VERSION
#define CAPS_VERSION "0.0.1"

#include "runtime/plugin/abi.hpp"

#include <cstdlib>

namespace {

/// What differs may not even be loaded.
[[maybe_unused]] const int end = (std::abort(), 0);

} // namespace

extern "C" const void* caps_plugin() {
  return caps::plugin_abi;
}
