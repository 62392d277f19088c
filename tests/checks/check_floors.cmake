# Fails if a file of the tree at ROOT breaks a rule of its floor:
#
# - A floor includes only itself and the floors below it.
# - The ground floors keep apart: messages/ knows no LibTorch, models/ no CAF.
# - Nothing includes the headers that take LibTorch fifteen seconds to parse.
# - A source file includes the header of its own name first, which proves that
#   the header compiles alone.
# - Within actors/ and runtime/ a room includes only those that rooms.cmake
#   lets it; rooms that are not listed there do not exist.
# - No file is longer than 400 lines.
# - Below runtime/ nobody sleeps, looks at a clock of the machine or draws
#   random numbers that do not derive from the scenario's seed.
cmake_minimum_required(VERSION 3.25)

set(below_messages messages)
set(below_models models)
set(below_actors messages models actors)
set(below_runtime messages models actors runtime)

set(banned_messages "<(torch|ATen|c10|caffe2)/")
set(banned_models "<caf/")
set(banned_everywhere "<(torch/torch|torch/all|torch/extension|ATen/ATen)\\.h>")
string(CONCAT impure
  "sleep_for|sleep_until|usleep|system_clock|steady_clock|"
  "high_resolution_clock|gettimeofday|clock_gettime|std::time\\(|"
  "random_device|std::rand\\(|srand\\(|mt19937|manual_seed\\(")

set(lines_max 400)

set(problems)

# room(floor name [names...]): a line of rooms.cmake.
set(rooms_actors)
set(rooms_runtime)
macro(room floor name)
  if(${name} IN_LIST rooms_${floor})
    list(APPEND problems "rooms.cmake: ${floor}/${name} is listed twice")
  endif()
  foreach(other ${ARGN})
    if(NOT other IN_LIST rooms_${floor})
      list(APPEND problems "rooms.cmake: ${floor}/${name} may include \
${floor}/${other}, which does not stand above it")
    endif()
  endforeach()
  list(APPEND rooms_${floor} ${name})
  set(below_${floor}_${name} ${name} ${ARGN})
endmacro()
if(NOT ROOMS)
  set(ROOMS ${CMAKE_CURRENT_LIST_DIR}/rooms.cmake)
endif()
include(${ROOMS})

# Checks one #include of a file from the same floor.
function(check_room floor file target)
  if(NOT rooms_${floor} OR NOT file MATCHES "^${floor}/([^/]+)/")
    return()
  endif()
  set(room ${CMAKE_MATCH_1})
  if(NOT target MATCHES "^${floor}/([^/]+)/")
    return()
  endif()
  if(NOT CMAKE_MATCH_1 IN_LIST below_${floor}_${room})
    list(JOIN below_${floor}_${room} ", " below)
    list(APPEND problems "${file} includes ${target}: rooms.cmake lets \
${floor}/${room} include only ${below}")
    set(problems "${problems}" PARENT_SCOPE)
  endif()
endfunction()

# Checks one #include of a file.
function(check_include floor file line)
  if(line MATCHES "\"([^\"]+)\"")
    set(target ${CMAKE_MATCH_1})
    string(REGEX REPLACE "/.*" "" target_floor ${target})
    if(NOT target_floor IN_LIST below_${floor})
      list(JOIN below_${floor} ", " below)
      list(APPEND problems "${file} includes ${target}: ${floor}/ may include \
only ${below}, by their path from the root")
    endif()
    if(target_floor STREQUAL floor)
      check_room(${floor} ${file} ${target})
    endif()
  elseif(line MATCHES "${banned_everywhere}"
         OR (banned_${floor} AND line MATCHES "${banned_${floor}}"))
    string(STRIP "${line}" line)
    list(APPEND problems "${file} has ${line}, which ${floor}/ must not know")
  endif()
  set(problems "${problems}" PARENT_SCOPE)
endfunction()

# Checks that a source file begins with the header of its name, if there is
# one.
function(check_first_include file lines)
  string(REGEX REPLACE "\\.[a-z]+$" ".hpp" own ${file})
  if(file MATCHES "\\.hpp$" OR NOT EXISTS ${ROOT}/${own})
    return()
  endif()
  list(GET lines 0 first)
  if(NOT first MATCHES "\"${own}\"")
    list(APPEND problems "${file} does not include ${own} first")
    set(problems "${problems}" PARENT_SCOPE)
  endif()
endfunction()

set(count 0)
foreach(floor messages models actors runtime)
  file(GLOB_RECURSE files RELATIVE ${ROOT}
    ${ROOT}/${floor}/*.hpp ${ROOT}/${floor}/*.cpp ${ROOT}/${floor}/*.cu)
  foreach(file ${files})
    math(EXPR count "${count} + 1")
    if(rooms_${floor})
      string(REGEX REPLACE "^${floor}/([^/]+)/.*" "\\1" room ${file})
      if(NOT room IN_LIST rooms_${floor})
        list(APPEND problems "${file} is in no room that rooms.cmake lists")
      endif()
    endif()
    file(READ ${ROOT}/${file} text)
    string(REGEX REPLACE "[^\n]" "" text "${text}")
    string(LENGTH "${text}" length)
    if(length GREATER lines_max)
      list(APPEND problems "${file} has ${length} lines, more than ${lines_max}: \
it does more than one thing")
    endif()
    file(STRINGS ${ROOT}/${file} lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(line ${lines})
      check_include(${floor} ${file} "${line}")
    endforeach()
    if(lines)
      check_first_include(${file} "${lines}")
    endif()
    if(NOT floor STREQUAL runtime)
      file(STRINGS ${ROOT}/${file} lines REGEX "${impure}")
      foreach(line ${lines})
        string(STRIP "${line}" line)
        list(APPEND problems "${file} has '${line}': time and chance come from \
the node context")
      endforeach()
    endif()
  endforeach()
endforeach()

foreach(problem ${problems})
  message(NOTICE "${problem}")
endforeach()
list(LENGTH problems problem_count)
if(problem_count GREATER 0)
  message(FATAL_ERROR "${problem_count} rules of the floors are broken")
endif()
message(STATUS "${count} files keep the rules of their floors")
