# cmake --install: the program, the headers that a plug-in includes and a CMake
# package for find_package(caps). No libraries: a plug-in takes all functions
# from the program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(caps_headers ${CMAKE_INSTALL_INCLUDEDIR}/caps)
set(caps_package ${CMAKE_INSTALL_LIBDIR}/cmake/caps)

install(TARGETS caps_runtime_program)
install(DIRECTORY messages models actors DESTINATION ${caps_headers}
  FILES_MATCHING PATTERN "*.hpp")
foreach(header components/components.hpp components/message_registry.hpp
    plugin/abi.hpp plugin/plugin.hpp topology/graph.hpp)
  get_filename_component(room ${header} DIRECTORY)
  install(FILES runtime/${header} DESTINATION ${caps_headers}/runtime/${room})
endforeach()

configure_package_config_file(cmake/caps-config.cmake.in caps-config.cmake
  INSTALL_DESTINATION ${caps_package} PATH_VARS caps_headers)
write_basic_package_version_file(caps-config-version.cmake
  COMPATIBILITY ExactVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/caps-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/caps-config-version.cmake
  cmake/FindCAF.cmake
  cmake/caps_plugin.cmake
  cmake/caps_torch.cmake
  DESTINATION ${caps_package})
