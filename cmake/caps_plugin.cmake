# What plug-ins are built with, in this tree and (installed beside
# caps-config.cmake) out of it.

# caps_plugin_target(INCLUDE folder VERSION version)
#
# Defines caps::plugin: the headers in `folder` and the libraries that the
# program links as well, so that a process has one copy of each. Nothing of this
# project is linked: what a plug-in calls there, the program that loads it has.
function(caps_plugin_target)
  cmake_parse_arguments(ARG "" "INCLUDE;VERSION" "" ${ARGN})
  add_library(caps_plugin INTERFACE)
  add_library(caps::plugin ALIAS caps_plugin)
  target_compile_features(caps_plugin INTERFACE cxx_std_20)
  target_compile_definitions(caps_plugin INTERFACE CAPS_VERSION="${ARG_VERSION}")
  # As in the program: results must not depend on the instruction set.
  target_compile_options(caps_plugin INTERFACE -ffp-contract=off)
  target_include_directories(caps_plugin INTERFACE "${ARG_INCLUDE}")
  target_link_libraries(caps_plugin INTERFACE CAF::core caps::torch fmt::fmt)
endfunction()

# caps_add_plugin(name source.cpp...): builds name.so, which caps_runtime loads.
function(caps_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE caps::plugin)
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_EXTENSIONS OFF)
endfunction()

# caps_add_protocol(name source.cpp...): the same, for a plug-in whose component
# is a protocol.
function(caps_add_protocol name)
  caps_add_plugin(${name} ${ARGN})
endfunction()
