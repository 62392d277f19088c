# cmake --install: the program with its manual page and the completion of its
# command line, the headers that a plug-in includes and a CMake package for
# find_package(caps). No libraries: a plug-in takes all functions
# from the program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(caps_headers ${CMAKE_INSTALL_INCLUDEDIR}/caps)
set(caps_package ${CMAKE_INSTALL_LIBDIR}/cmake/caps)

install(TARGETS caps_runtime_program)
# The program describes itself: what is installed fits its options.
foreach(what IN ITEMS man bash zsh)
  install(CODE "execute_process(
    COMMAND \"$<TARGET_FILE:caps_runtime_program>\" document ${what}
    OUTPUT_FILE \"${PROJECT_BINARY_DIR}/document.${what}\"
    COMMAND_ERROR_IS_FATAL ANY)")
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/document.man
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME caps_runtime.1)
install(FILES ${PROJECT_BINARY_DIR}/document.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME caps_runtime)
install(FILES ${PROJECT_BINARY_DIR}/document.zsh
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
  RENAME _caps_runtime)

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
