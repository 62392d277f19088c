#pragma once

// The only way to include Catch2. Debian's LibTorch pulls in glog, which
// silently replaces Catch's CHECK: include glog first where it is installed,
// take its macro away, and let Catch define its own.
#if __has_include(<glog/logging.h>)
#  include <glog/logging.h>
#  undef CHECK
#endif

#if __has_include(<catch2/catch_all.hpp>)
#  include <catch2/catch_all.hpp>
using Catch::Approx;
#  define CAPS_CATCH_CONTAINS Catch::Matchers::ContainsSubstring
#else
#  include <catch2/catch.hpp>
#  define CAPS_CATCH_CONTAINS Catch::Contains
#endif

/// Matches a message that holds `part`: CHECK_THROWS_WITH(f(), contains("x")).
inline auto contains(const std::string& part) {
  return CAPS_CATCH_CONTAINS(part);
}

#undef CAPS_CATCH_CONTAINS
