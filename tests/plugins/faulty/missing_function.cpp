// Calls what the program does not have.

#include "runtime/plugin/abi.hpp"

namespace caps {

const void* removed(const char* text, double x);

} // namespace caps

extern "C" const void* caps_plugin() {
  return caps::removed(caps::plugin_abi, 1);
}
