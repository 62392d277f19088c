# Compiler settings shared by every target of this project: the INTERFACE target
# caps_options carries them, so third-party targets never see them.
add_library(caps_options INTERFACE)
target_compile_features(caps_options INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_include_directories(caps_options INTERFACE "${PROJECT_SOURCE_DIR}")

# Floating-point contraction would make a result depend on the instruction set
# a loop was vectorized for; determinism is a promise, so it is off.
target_compile_options(caps_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Werror=switch
  -ffp-contract=off
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>) # GCC 12 sees overlaps in std::string
if(CAPS_WERROR)
  target_compile_options(caps_options INTERFACE -Werror -Wno-error=deprecated-declarations)
endif()

if(CAPS_SANITIZE)
  # CAF 0.17.6 binds null references in its headers, hence no null and vptr.
  target_compile_options(caps_options INTERFACE
    -fsanitize=${CAPS_SANITIZE} -fno-sanitize=null,vptr -fno-omit-frame-pointer)
  target_link_options(caps_options INTERFACE -fsanitize=${CAPS_SANITIZE})
  # ThreadSanitizer does not know the fences of Boost.Asio, which are for users
  # without locks.
  if(CAPS_SANITIZE STREQUAL "thread")
    target_compile_definitions(caps_options INTERFACE
      BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

if(CAPS_FUZZ)
  target_compile_options(caps_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CAPS_CCACHE ccache)
if(CAPS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CAPS_CCACHE}")
endif()

# caps_floor(name SOURCES ... LINK ...): one static library for one top folder.
function(caps_floor name)
  cmake_parse_arguments(FLOOR "" "" "SOURCES;LINK" ${ARGN})
  add_library(caps_${name} STATIC ${FLOOR_SOURCES})
  add_library(caps::${name} ALIAS caps_${name})
  target_link_libraries(caps_${name} PUBLIC caps_options ${FLOOR_LINK})
endfunction()
