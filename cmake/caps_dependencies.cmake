# Third-party libraries, all through imported targets, so that their headers
# are SYSTEM. The Debian package of each stands in bootstrap.
find_package(CAF 0.17.6 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.37 REQUIRED) # strict tables
find_package(SQLiteCpp REQUIRED)

# Debian's libxxhash-dev has no CMake package.
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
mark_as_advanced(XXHASH_INCLUDE_DIR XXHASH_LIBRARY)
add_library(caps::xxhash UNKNOWN IMPORTED)
set_target_properties(caps::xxhash PROPERTIES
  IMPORTED_LOCATION "${XXHASH_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${XXHASH_INCLUDE_DIR}")

# Where it is built with them, variants for the vector units of the processor.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_INCLUDES ${XXHASH_INCLUDE_DIR})
set(CMAKE_REQUIRED_LIBRARIES ${XXHASH_LIBRARY})
check_cxx_source_compiles([[
  #include <xxh_x86dispatch.h>
  int main() { return static_cast<int>(XXH3_64bits_dispatch("", 0)); }
]] CAPS_XXHASH_DISPATCHES)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_LIBRARIES)
if(CAPS_XXHASH_DISPATCHES)
  set_target_properties(caps::xxhash PROPERTIES
    INTERFACE_COMPILE_DEFINITIONS CAPS_XXHASH_DISPATCHES)
endif()

# Nor has libzstd-dev.
find_path(ZSTD_INCLUDE_DIR zstd.h REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
mark_as_advanced(ZSTD_INCLUDE_DIR ZSTD_LIBRARY)
add_library(caps::zstd UNKNOWN IMPORTED)
set_target_properties(caps::zstd PROPERTIES
  IMPORTED_LOCATION "${ZSTD_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${ZSTD_INCLUDE_DIR}")

# Nor has libedit-dev.
find_path(EDIT_INCLUDE_DIR histedit.h REQUIRED)
find_library(EDIT_LIBRARY edit REQUIRED)
mark_as_advanced(EDIT_INCLUDE_DIR EDIT_LIBRARY)
add_library(caps::edit UNKNOWN IMPORTED)
set_target_properties(caps::edit PROPERTIES
  IMPORTED_LOCATION "${EDIT_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${EDIT_INCLUDE_DIR}")

include(caps_torch)
