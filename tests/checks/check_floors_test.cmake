# Runs CHECK on a tree made in SCRATCH that is innocent, then once more for
# each sin added to it: the first must pass, all others fail.
cmake_minimum_required(VERSION 3.25)

function(run_check expected what)
  execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${SCRATCH} ${ARGN}
    -P ${CHECK}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    set(result passes)
  else()
    set(result fails)
  endif()
  if(NOT result STREQUAL expected)
    message(SEND_ERROR "the check ${result} on ${what}:\n${output}")
  endif()
endfunction()

function(expect_sin file content)
  file(WRITE ${SCRATCH}/${file} "${content}\n")
  run_check(fails "${file}: ${content}")
  file(REMOVE ${SCRATCH}/${file})
endfunction()

# Runs the check with a table of rooms of its own.
function(expect_table expected content)
  file(WRITE ${SCRATCH}/rooms.cmake "${content}\n")
  run_check(${expected} "the table ${content}" -D ROOMS=${SCRATCH}/rooms.cmake)
  file(REMOVE ${SCRATCH}/rooms.cmake)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
file(WRITE ${SCRATCH}/messages/types.hpp "#include <caf/actor.hpp>\n")
file(WRITE ${SCRATCH}/models/net.hpp "#include <ATen/core/Tensor.h>\n")
file(WRITE ${SCRATCH}/actors/node/node.hpp
  "#include \"messages/types.hpp\"\n#include \"models/net.hpp\"\n")
file(WRITE ${SCRATCH}/actors/node/node.cpp
  "#include \"actors/node/node.hpp\"\n#include <caf/send.hpp>\n")
file(WRITE ${SCRATCH}/runtime/run/run.hpp
  "#include \"actors/node/node.hpp\"\nauto now = steady_clock::now();\n")
run_check(passes "an innocent tree")

expect_sin(models/up.cpp "#include \"messages/types.hpp\"")
expect_sin(messages/up.hpp "#include \"models/net.hpp\"")
expect_sin(actors/node/deep/up.hpp "#  include \"runtime/run/run.hpp\"")
expect_sin(actors/node/relative.cpp "#include \"node.hpp\"")
expect_sin(runtime/run/tests.cpp "#include \"tests/support/catch.hpp\"")
expect_sin(messages/tensor.hpp "#include <ATen/core/Tensor.h>")
expect_sin(models/actor.hpp "#include <caf/actor.hpp>")
expect_sin(runtime/run/slow.cpp "#include <torch/torch.h>")
expect_sin(models/slow.cpp "#include <ATen/ATen.h>")
expect_sin(models/net.cpp "#include <vector>\n#include \"models/net.hpp\"")
expect_sin(actors/node/wait.cpp "std::this_thread::sleep_for(delay)\;")
expect_sin(models/chance.cpp "std::random_device device\;")
expect_sin(actors/lobby.cpp "#include \"messages/types.hpp\"")
expect_sin(actors/attic/new.cpp "#include \"messages/types.hpp\"")
expect_sin(actors/links/up.hpp "#include \"actors/node/node.hpp\"")
expect_sin(actors/protocols/aside.cpp "#include \"actors/evaluation/evaluator.hpp\"")
expect_sin(runtime/recording/up.cpp "#include \"runtime/cli/options.hpp\"")
expect_sin(runtime/replay/aside.cpp "#include \"runtime/recording/verify.hpp\"")
string(REPEAT "int x()\;\n" 401 long)
expect_sin(models/long.hpp "${long}")

set(rooms "room(runtime run)\nroom(actors links)\n")
expect_table(passes "${rooms}room(actors node links)")
expect_table(fails "${rooms}room(actors node links node)")
expect_table(fails "room(actors node links)\n${rooms}")
expect_table(fails
  "${rooms}room(actors node links)\nroom(actors links node)")
run_check(passes "the innocent tree after all sins are gone")
