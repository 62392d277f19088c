// Says what it was built for, but has no entry point.

#include "runtime/plugin/abi.hpp"

extern "C" const void* another_name() {
  return caps::plugin_abi;
}
