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
#  define CAPS_CATCH_STARTS_WITH Catch::Matchers::StartsWith
#else
#  include <catch2/catch.hpp>
#  define CAPS_CATCH_CONTAINS Catch::Contains
#  define CAPS_CATCH_STARTS_WITH Catch::StartsWith
#endif

/// Matches a message that holds `part`: CHECK_THROWS_WITH(f(), contains("x")).
inline auto contains(const std::string& part) {
  return CAPS_CATCH_CONTAINS(part);
}

/// Matches a message that begins with `part`.
inline auto starts_with(const std::string& part) {
  return CAPS_CATCH_STARTS_WITH(part);
}

#undef CAPS_CATCH_CONTAINS
#undef CAPS_CATCH_STARTS_WITH
