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

# Clang with libstdc++ 12 in C++20 wants this header before what includes it.
target_compile_options(caps_torch INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:SHELL:-include ATen/core/ivalue.h>)
