# caps_test_timeout(name seconds): more with sanitizers, which are slow.
function(caps_test_timeout name seconds)
  if(CAPS_SANITIZE)
    math(EXPR seconds "${seconds} * 8")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${seconds})
endfunction()

# caps_test(PROGRAM name FILE file.cpp [LABELS ...] [TIMEOUT seconds] [ALONE])
#
# Adds a test file to a test program and registers its cases as one ctest
# entry. Every case of the file carries the tag [file] (the name without
# _test.cpp), which is how the entry picks them. ALONE: has helpers of the same
# names as other files of the program, and is not compiled together with them.
function(caps_test_program name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name})
  target_link_libraries(${name} PRIVATE caps_options Catch2::Catch2WithMain ${ARG_LINK})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endfunction()

function(caps_test)
  cmake_parse_arguments(ARG "ALONE" "PROGRAM;FILE;TIMEOUT" "LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  target_sources(${ARG_PROGRAM} PRIVATE ${ARG_FILE})
  if(ARG_ALONE)
    set_source_files_properties(${ARG_FILE} PROPERTIES
      SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  get_filename_component(stem ${ARG_FILE} NAME_WE)
  string(REGEX REPLACE "_test$" "" tag ${stem})
  string(REGEX REPLACE "^tests_" "" floor ${ARG_PROGRAM})
  add_test(NAME ${floor}.${tag} COMMAND ${ARG_PROGRAM} "[${tag}]" --warn NoTests)
  # OpenBLAS and OpenMP threads of parallel tests fight for the same cores.
  caps_test_timeout(${floor}.${tag} ${ARG_TIMEOUT})
  set_tests_properties(${floor}.${tag} PROPERTIES
    LABELS "${floor};${ARG_LABELS}"
    ENVIRONMENT "OMP_NUM_THREADS=1;OPENBLAS_NUM_THREADS=1")
endfunction()
