# Compiles every header alone that no source file proves to. ROOT is the tree,
# BUILD its build folder, LIST the headers known when that was configured.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/lone_headers.cmake)

find_lone_headers(${ROOT} now)
file(READ ${LIST} before)
if(NOT "${now}" STREQUAL "${before}")
  execute_process(COMMAND ${CMAKE_COMMAND} ${BUILD}
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target lone_headers
  COMMAND_ERROR_IS_FATAL ANY)
