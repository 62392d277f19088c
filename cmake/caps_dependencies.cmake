# Third-party libraries, all through imported targets, so that their headers
# are SYSTEM. The Debian package of each stands in bootstrap.
find_package(CAF 0.17.6 REQUIRED COMPONENTS core io openssl)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(nlohmann_json REQUIRED)
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

# Nor has libedit-dev.
find_path(EDIT_INCLUDE_DIR histedit.h REQUIRED)
find_library(EDIT_LIBRARY edit REQUIRED)
mark_as_advanced(EDIT_INCLUDE_DIR EDIT_LIBRARY)
add_library(caps::edit UNKNOWN IMPORTED)
set_target_properties(caps::edit PROPERTIES
  IMPORTED_LOCATION "${EDIT_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${EDIT_INCLUDE_DIR}")

# LibTorch: whatever is on CMAKE_PREFIX_PATH, else Debian's. Its own target
# carries -std and warning flags of old and lists libraries by full path;
# caps::torch takes the parts that matter.
find_package(Torch REQUIRED)
add_library(caps_torch INTERFACE)
add_library(caps::torch ALIAS caps_torch)
target_link_libraries(caps_torch INTERFACE ${TORCH_LIBRARIES})
if(TORCH_CXX_FLAGS)
  separate_arguments(caps_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(caps_torch INTERFACE ${caps_torch_flags})
endif()
