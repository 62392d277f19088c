#pragma once

#include <caf/config.hpp>
#include <torch/version.h>

#include <cstddef> // defines what the C++ library says of itself

// What a plug-in and the program that loads it must have in common, or calls
// between the two would do anything.

#ifndef CAPS_VERSION
#error "no CAPS_VERSION: build plug-ins with caps_add_plugin"
#endif

#define CAPS_ABI_TEXT_OF(x) #x
#define CAPS_ABI_TEXT(x) CAPS_ABI_TEXT_OF(x)

#ifdef __clang__
#define CAPS_ABI_COMPILER "clang " CAPS_ABI_TEXT(__clang_major__)
#else
#define CAPS_ABI_COMPILER                                                      \
  "gcc " CAPS_ABI_TEXT(__GNUC__) " (ABI " CAPS_ABI_TEXT(__GXX_ABI_VERSION) ")"
#endif

#ifdef _GLIBCXX_RELEASE
#define CAPS_ABI_LIBRARY                                                       \
  "libstdc++ with C++11 ABI " CAPS_ABI_TEXT(_GLIBCXX_USE_CXX11_ABI)
#else
#define CAPS_ABI_LIBRARY "libc++ " CAPS_ABI_TEXT(_LIBCPP_ABI_VERSION)
#endif

// Containers of other sizes.
#ifdef _GLIBCXX_DEBUG
#define CAPS_ABI_DEBUG "on"
#else
#define CAPS_ABI_DEBUG "off"
#endif

#ifdef __SANITIZE_ADDRESS__
#define CAPS_ABI_SANITIZER "on"
#else
#define CAPS_ABI_SANITIZER "off"
#endif

namespace caps {

/// One "name=value" a line after the first. The loader finds this text in the
/// file of a plug-in before it loads it: where something differs, not even the
/// constructors of globals must run.
inline constexpr char plugin_abi[]
  = "caps plug-in abi\n"
    "caps=" CAPS_VERSION "\n"
    "compiler=" CAPS_ABI_COMPILER "\n"
    "C++ library=" CAPS_ABI_LIBRARY "\n"
    "C++ library debug mode=" CAPS_ABI_DEBUG "\n"
    "LibTorch=" TORCH_VERSION "\n"
    "CAF=" CAPS_ABI_TEXT(CAF_VERSION) "\n"
                                      "address sanitizer=" CAPS_ABI_SANITIZER
                                      "\n";

} // namespace caps
